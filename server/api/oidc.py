"""Signing in with OpenID Connect: to the configured provider and back, with PKCE, a state and a nonce.

What must be remembered meanwhile travels in a signed cookie that only the way back reads. Authlib speaks OAuth 2
(over httpx2), joserfc checks the ID token (OpenID Connect Core 1.0, section 3.1.3.7).
"""

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Any, Final, cast

import httpx2
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization
from jwt import InvalidTokenError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.api.access import HouseHere
from server.api.accounts import COOKIE_PATH, add_creator, open_login, set_cookie
from server.api.errors import ConflictError, ForbiddenError, NotFoundError, NotSignedInError, UnavailableError
from server.api.house import House, address_of
from server.config import AccountsConfig
from server.store.audit import note
from server.store.tables import CreatorRow

log = structlog.get_logger()

REMEMBERED: Final = "stagedoor_oidc"
AWAY_S: Final = 600  # how long somebody may take at the provider
PATIENCE_S: Final = 10.0
ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]  # none that is shared
AFTERWARDS: Final = "/console.html"
CALLBACK: Final = f"{COOKIE_PATH}/login/oidc/callback"

router = APIRouter(prefix="/login/oidc", tags=["accounts"])


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for. `email` is empty unless the provider says that it is theirs."""

    subject: str
    email: str
    name: str


@dataclass(slots=True)
class Provider:
    """The configured provider; what it says of itself is asked once and kept. `transport` is for tests."""

    config: AccountsConfig
    transport: httpx2.AsyncBaseTransport | None = None
    _metadata: dict[str, Any] = field(default_factory=dict)

    async def metadata(self) -> dict[str, Any]:
        """OpenID Connect Discovery 1.0. Raises UnavailableError."""
        if not self._metadata:
            found = await self._get(f"{self.config.oidc_issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.config.oidc_issuer:
                raise UnavailableError("the provider calls itself by another name than accounts.oidc_issuer")
            self._metadata = found
        return self._metadata

    async def leave(self, redirect_uri: str) -> tuple[str, dict[str, str]]:
        """Where to send somebody, and what to remember meanwhile."""
        kept = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
        async with self._client(redirect_uri) as client:
            url, _ = client.create_authorization_url(
                (await self.metadata())["authorization_endpoint"],
                state=kept["state"],
                nonce=kept["nonce"],
                code_verifier=kept["verifier"],
            )
        return str(url), kept

    async def arrive(self, code: str, kept: dict[str, str], redirect_uri: str) -> Identity:
        """Who came back. Raises NotSignedInError or UnavailableError."""
        metadata = await self.metadata()
        try:
            async with self._client(redirect_uri) as client:
                answer = await client.fetch_token(metadata["token_endpoint"], code=code, code_verifier=kept["verifier"])
            keys = KeySet.import_key_set(cast(KeySetSerialization, await self._get(metadata["jwks_uri"])))
            claims = jwt.decode(answer["id_token"], keys, algorithms=ALGORITHMS).claims
            self._check(claims, kept["nonce"])
        except (OAuthError, httpx2.HTTPError, JoseError, KeyError, ValueError) as error:
            log.warning("oidc_refused", reason=type(error).__name__)
            raise NotSignedInError("the provider did not vouch for you; try again") from None
        email = str(claims.get("email", "")).lower() if claims.get("email_verified") is True else ""
        return Identity(f"{metadata['issuer']} {claims['sub']}", email, str(claims.get("name") or email)[:80])

    def _check(self, claims: dict[str, Any], nonce: str) -> None:
        jwt.JWTClaimsRegistry(
            leeway=60,
            iss={"essential": True, "value": self.config.oidc_issuer},
            aud={"essential": True, "value": self.config.oidc_client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(claims)
        if isinstance(claims["aud"], list) and claims.get("azp") != self.config.oidc_client_id:
            raise ValueError("this token was made for several, and first for somebody else")

    def _client(self, redirect_uri: str) -> Any:
        return AsyncOAuth2Client(
            self.config.oidc_client_id,
            self.config.oidc_client_secret or None,
            scope="openid email profile",
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if self.config.oidc_client_secret else "none",
            transport=self.transport,
            timeout=PATIENCE_S,
        )

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            async with httpx2.AsyncClient(transport=self.transport, timeout=PATIENCE_S) as client:
                found: dict[str, Any] = (await client.get(url)).raise_for_status().json()
                return found
        except (httpx2.HTTPError, ValueError):
            raise UnavailableError("the sign-in provider does not answer") from None


@router.get("", status_code=303, response_class=RedirectResponse)
async def to_the_provider(request: Request, house: HouseHere) -> RedirectResponse:
    """Leads to the provider."""
    provider = _provider(house)
    house.count_try(address_of(request))
    url, kept = await provider.leave(house.base_url(request) + CALLBACK)
    response = RedirectResponse(url, 303)
    sealed = house.signer.seal(kept, REMEMBERED, valid_s=AWAY_S)
    secure = house.base_url(request).startswith("https:")
    response.set_cookie(REMEMBERED, sealed, max_age=AWAY_S, path=CALLBACK, httponly=True, samesite="lax", secure=secure)
    return response


@router.get("/callback", status_code=303, response_class=RedirectResponse)
async def from_the_provider(request: Request, house: HouseHere, code: str = "", state: str = "") -> RedirectResponse:
    """Comes back from the provider, and signs in."""
    provider = _provider(house)
    house.count_try(address_of(request))
    kept = _unsealed(house, request.cookies.get(REMEMBERED, ""))
    if not hmac.compare_digest(kept["state"].encode(), state.encode()):
        raise NotSignedInError("this is not where your sign-in began; try again")
    identity = await provider.arrive(code, kept, house.base_url(request) + CALLBACK)
    async with house.store.begin() as db:
        creator_id = await _account(db, house, identity)
        token = await open_login(db, creator_id, house.now(), house.accounts.login_days)
        note(db, creator_id, "visitor", "login.oidc", creator_id)
    response = RedirectResponse(AFTERWARDS, 303)
    response.delete_cookie(REMEMBERED, path=CALLBACK)
    set_cookie(request, response, house, token)
    return response


def _provider(house: House) -> Provider:
    if house.provider is None:
        raise NotFoundError("no OpenID Connect provider is configured here")
    return house.provider


def _unsealed(house: House, sealed: str) -> dict[str, str]:
    try:
        return house.signer.unseal(sealed, REMEMBERED)
    except InvalidTokenError:
        raise NotSignedInError("your sign-in took too long, or began elsewhere; try again") from None


async def _account(db: AsyncSession, house: House, identity: Identity) -> str:
    """The id of their account, a new one where that is allowed.

    An account with a password is never handed over for its address alone: whoever made it may not own the address.
    """
    known = await db.scalar(select(CreatorRow).where(CreatorRow.oidc_subject == identity.subject))
    if known:
        return known.id
    if not identity.email:
        raise ForbiddenError("the provider does not say that your address is yours")
    named = await db.scalar(select(CreatorRow).where(CreatorRow.email == identity.email))
    if named and (named.password_hash or named.oidc_subject):
        raise ConflictError("there is an account with this address already; sign in with its password")
    if named:
        named.oidc_subject = identity.subject
        return named.id
    if house.accounts.sign_up == "closed":
        raise ForbiddenError("accounts are made by whoever runs this server: stagedoor creators add")
    made = await add_creator(
        db,
        name=identity.name,
        email=identity.email,
        now=house.now(),
        password_hash=None,
        oidc_subject=identity.subject,
    )
    note(db, made.id, "visitor", "creator.sign_up", made.id)
    return made.id
