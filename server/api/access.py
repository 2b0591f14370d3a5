"""Who asks: a person by a cookie, or a platform by an API key; and what each may do.

A route says who may call it by the dependency it takes: `Signed` (person or platform), `Person` (a person only),
`Visitor` (anybody). A cookie counts for a change only beside the token that another site's page cannot read
(X-CSRF-Token), and never from another origin. What comes next: the routes; each of their queries names the creator.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.api.errors import CsrfError, ForbiddenError, NotSignedInError
from server.api.house import House, house_of
from server.store.tables import ApiKeyRow, LoginRow

COOKIE: Final = "stagedoor_login"
CSRF_HEADER: Final = "x-csrf-token"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
KEY_MARK: Final = "sd"

_cookie = APIKeyCookie(name=COOKIE, auto_error=False, scheme_name="cookie", description="set by POST /login")
_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="an API key: sd_<prefix>_<secret>")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, for which creator."""

    creator_id: str
    actor: str  # as the audit names them
    login: str = ""  # the cookie's token; empty for an API key


def digest(secret: str) -> str:
    """What the store keeps of a secret with 128 bits or more, for which no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_of(login: str) -> str:
    """The token that a page of ours sends beside the cookie; who knows it learns nothing of the cookie."""
    return hmac.new(login.encode(), b"csrf", hashlib.sha256).hexdigest()


def new_secret() -> str:
    """256 bits, as text."""
    return secrets.token_urlsafe(32)


def origin_is_ours(request: Request, house: House) -> bool:
    """Browsers say where their page came from; programs say nothing, and have no cookies either."""
    origin = request.headers.get("origin")
    return origin in (None, house.public_url, *house.origins) or urlsplit(origin).netloc == request.headers.get("host")


async def visitor(
    request: Request,
    house: Annotated[House, Depends(house_of)],
    cookie: Annotated[str | None, Depends(_cookie)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller | None:
    """Who asks; None for anybody. Raises NotSignedInError for an API key that is not known, CsrfError, TooManyError."""
    if not bearer and not cookie:
        return None
    async with house.store.begin() as db:
        found = await _by_key(db, bearer.credentials) if bearer else await _by_cookie(db, house, cookie or "")
    if found is None:
        if bearer:
            raise NotSignedInError("this API key is not known here")
        return None
    house.count_request(found.creator_id)
    if found.login and request.method not in SAFE:
        _check_csrf(request, house, found)
    return found


async def signed_in(caller: Annotated[Caller | None, Depends(visitor)]) -> Caller:
    """A person or a platform. Raises NotSignedInError."""
    if caller is None:
        raise NotSignedInError("sign in first, or send an API key")
    return caller


async def person(caller: Annotated[Caller, Depends(signed_in)]) -> Caller:
    """A person: an API key that leaks must not make keys, change the password or delete the account."""
    if not caller.login:
        raise ForbiddenError("an API key cannot do this; sign in")
    return caller


async def creator_id(caller: Annotated[Caller, Depends(signed_in)]) -> str:
    """The creator who is signed in, for routers of other packages."""
    return caller.creator_id


HouseHere = Annotated[House, Depends(house_of)]
Visitor = Annotated[Caller | None, Depends(visitor)]
Signed = Annotated[Caller, Depends(signed_in)]
Person = Annotated[Caller, Depends(person)]


def _check_csrf(request: Request, house: House, caller: Caller) -> None:
    if not origin_is_ours(request, house):
        raise CsrfError("this page is not one of ours")
    sent = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(sent.encode(), csrf_of(caller.login).encode()):
        raise CsrfError("send the header X-CSRF-Token with what GET /me says")


async def _by_cookie(db: AsyncSession, house: House, token: str) -> Caller | None:
    row = await db.scalar(select(LoginRow).where(LoginRow.token_hash == digest(token)))
    if row is None or row.expires_at <= house.now():
        return None
    return Caller(row.creator_id, f"login:{row.id}", token)


async def _by_key(db: AsyncSession, key: str) -> Caller | None:
    mark, _, rest = key.partition("_")
    prefix, _, secret = rest.partition("_")
    row = await db.scalar(select(ApiKeyRow).where(ApiKeyRow.prefix == prefix)) if mark == KEY_MARK else None
    if row is None or row.revoked_at or not hmac.compare_digest(row.key_hash, digest(secret)):
        return None
    return Caller(row.creator_id, f"key:{prefix}")
