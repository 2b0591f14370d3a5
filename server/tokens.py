"""Join tokens: who may come in, as short-lived signed JWTs. They travel in `hello`, never in a URL that gets logged.

Each names the key that signed it, so that keys may change while links are under way. Where the keys come from:
store/signing.py, or the configured secret.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import jwt
import msgspec

from protocol.errors import TokenError

Role = Literal["fan", "host", "spectator"]

LONGEST_VALID_S: Final = 12 * 3600  # no token may be good for longer; a retired key is kept for as long
_ALGORITHM = "HS256"
_AUDIENCE = "stagedoor-join"


class JoinClaims(msgspec.Struct, frozen=True):
    """What a valid token says. Without `event` it opens a conversation that belongs to no event."""

    name: str = ""
    persona: str = ""
    event: str = ""
    ticket: str = ""  # of a fan who comes to the event
    role: Role = "fan"
    sub: str = ""  # who it was given to: a fan's or a creator's id


class SigningKey(msgspec.Struct, frozen=True):
    """A secret and its public name."""

    kid: str
    secret: bytes

    def __repr__(self) -> str:
        return f"SigningKey({self.kid!r})"  # the secret stays out of logs


class TokenSigner:
    """Signs join tokens with the first of its keys and checks them with all."""

    def __init__(self, keys: str | Sequence[SigningKey]) -> None:
        self.use([named(keys)] if isinstance(keys, str) else keys)

    def use(self, keys: Sequence[SigningKey]) -> None:
        """From now on these keys, the first of which signs."""
        self._newest = keys[0]
        self._known = {key.kid: key.secret for key in keys}

    def sign(self, claims: JoinClaims, *, valid_s: int) -> str:
        """A token that is good for `valid_s` seconds from now, at most LONGEST_VALID_S."""
        return self.seal(msgspec.to_builtins(claims), _AUDIENCE, valid_s=valid_s)

    def check(self, token: str) -> JoinClaims:
        """Raises TokenError for a forged, expired or malformed token; the message never holds the token."""
        try:
            return msgspec.convert(self.unseal(token, _AUDIENCE), JoinClaims)
        except jwt.ExpiredSignatureError:
            raise TokenError("the join link has expired; ask for a new one") from None
        except (jwt.InvalidTokenError, msgspec.ValidationError):
            raise TokenError("the join link is not valid") from None

    def seal(self, payload: Mapping[str, Any], audience: str, *, valid_s: int) -> str:
        """Whatever should come back unchanged, for one purpose only, which `audience` names."""
        expires_at = int(time.time()) + min(valid_s, LONGEST_VALID_S)
        sealed = {**payload, "aud": audience, "exp": expires_at}
        return jwt.encode(sealed, self._newest.secret, algorithm=_ALGORITHM, headers={"kid": self._newest.kid})

    def unseal(self, token: str, audience: str) -> dict[str, Any]:
        """What was sealed. Raises jwt.InvalidTokenError.

        A token that names no key was signed by a platform that shares the configured secret.
        """
        kid = jwt.get_unverified_header(token).get("kid", self._newest.kid)
        return jwt.decode(
            token,
            self._known.get(kid, b""),
            algorithms=[_ALGORITHM] if kid in self._known else [],
            audience=audience,
            options={"require": ["exp", "aud"]},
        )


def named(secret: str) -> SigningKey:
    """A key out of a configured secret; its name tells nothing about it that helps."""
    data = secret.encode()
    return SigningKey(hashlib.sha256(b"stagedoor kid " + data).hexdigest()[:12], data)
