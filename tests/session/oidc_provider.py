"""A small OpenID Connect provider: discovery, authorisation code with PKCE, ES256 ID tokens. It believes everybody.

A real one in what it checks: client and its secret, redirect address, code used once, verifier against challenge.
"""

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

ISSUER = "https://provider.test"
CLIENT, SECRET = "stagedoor", "what-only-this-client-knows"


class Provider:
    """`claims` go into the next ID tokens over the usual ones; None leaves one out. `signs` may be another's key."""

    def __init__(self, redirect_uri: str) -> None:
        self.redirect_uri = redirect_uri
        self.key = ECKey.generate_key("P-256", parameters={"kid": "k1"})
        self.signs: Any = self.key
        self.algorithm = "ES256"
        self.issuer = ISSUER
        self.claims: dict[str, Any] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
            ]
        )
        self._asked: dict[str, dict[str, str]] = {}

    async def _discovery(self, _: Request) -> Response:
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return JSONResponse({"issuer": self.issuer, **{name: f"{ISSUER}/{path}" for name, path in ends.items()}})

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["client_id"] == CLIENT
        assert asked["redirect_uri"] == self.redirect_uri
        assert asked["response_type"] == "code"
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._asked[code] = asked
        return RedirectResponse(f"{self.redirect_uri}?code={code}&state={asked['state']}", 303)

    async def _token(self, request: Request) -> Response:
        sent = dict(parse_qsl((await request.body()).decode()))
        told = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()  # RFC 6749, 2.3.1
        asked = self._asked.pop(sent["code"], None)
        if asked is None or told != f"{CLIENT}:{SECRET}":
            return JSONResponse({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse(
            {"access_token": "unused", "token_type": "Bearer", "id_token": self._id_token(asked["nonce"])}
        )

    def _id_token(self, nonce: str) -> str:
        usual = {
            "iss": ISSUER,
            "aud": CLIENT,
            "sub": "user-1",
            "exp": int(time.time()) + 300,
            "iat": int(time.time()),
            "nonce": nonce,
            "email": "Ana@Example.org",
            "email_verified": True,
            "name": "Ana",
        }
        claims = {name: value for name, value in {**usual, **self.claims}.items() if value is not None}
        header = {"alg": self.algorithm, "kid": "k1"}
        return jwt.encode(header, claims, self.signs, algorithms=[self.algorithm])

    async def _keys(self, _: Request) -> Response:
        return JSONResponse(KeySet([self.key]).as_dict(private=False))
