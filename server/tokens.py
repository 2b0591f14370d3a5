"""Join tokens: who may come in, as short-lived signed JWTs. They travel in `hello`, never in a URL that gets logged."""

import time

import jwt
import msgspec

from protocol.errors import TokenError

_ALGORITHM = "HS256"
_AUDIENCE = "stagedoor-join"


class JoinClaims(msgspec.Struct, frozen=True):
    """What a valid token says."""

    name: str = ""
    persona: str = ""


class TokenSigner:
    """Signs and checks join tokens with one secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def sign(self, claims: JoinClaims, *, valid_s: int) -> str:
        """A token that is good for `valid_s` seconds from now."""
        payload = {**msgspec.to_builtins(claims), "aud": _AUDIENCE, "exp": int(time.time()) + valid_s}
        return jwt.encode(payload, self._secret, algorithm=_ALGORITHM)

    def check(self, token: str) -> JoinClaims:
        """Raises TokenError for a forged, expired or malformed token; the message never holds the token."""
        try:
            payload = jwt.decode(
                token, self._secret, algorithms=[_ALGORITHM], audience=_AUDIENCE, options={"require": ["exp", "aud"]}
            )
            return msgspec.convert(payload, JoinClaims)
        except jwt.ExpiredSignatureError:
            raise TokenError("the join link has expired; ask for a new one") from None
        except (jwt.InvalidTokenError, msgspec.ValidationError):
            raise TokenError("the join link is not valid") from None
