"""Signing in with OpenID Connect, through a provider that checks what a real one checks."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import httpx2
import pytest
from joserfc.jwk import ECKey, OctKey

from server.api.accounts import add_creator
from server.api.oidc import CALLBACK
from server.api.oidc import Provider as OidcProvider
from server.store.engine import Store
from tests.session.offices import HOUSE, PASSWORD, Guest, app_of, house_over, refusal
from tests.session.oidc_provider import CLIENT, ISSUER, SECRET, Provider


class Visit:
    """A browser between a house and a provider."""

    def __init__(self, store: Store, **accounts: Any) -> None:
        self.provider = Provider(f"{HOUSE}{CALLBACK}")
        given = {"sign_up": "oidc", "oidc_issuer": ISSUER, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
        house = house_over(store, **{**given, **accounts})
        house.provider = OidcProvider(house.accounts, transport=httpx2.ASGITransport(self.provider.app))
        self.house = house
        self.app = app_of(house)
        self.guest = Guest(self.app)

    async def to_the_provider(self) -> str:
        answer = await self.guest.call("GET", "/login/oidc")
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def back_from(self, where: str) -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.provider.app)) as browser:
            return str((await browser.get(where)).headers["location"])

    async def arrive(self, where: str) -> httpx.Response:
        return await self.guest.http.get(where)

    async def sign_in(self) -> httpx.Response:
        return await self.arrive(await self.back_from(await self.to_the_provider()))


async def test_whom_the_provider_knows_is_signed_in(store: Store) -> None:
    visit = Visit(store)
    answer = await visit.sign_in()
    assert (answer.status_code, answer.headers["location"]) == (303, "/console.html")
    me = await visit.guest.get("/me")
    assert (me["creator"]["name"], me["creator"]["email"]) == ("Ana", "ana@example.org")
    visit.guest.http.headers["x-csrf-token"] = me["csrf"]
    await visit.guest.event()
    again = Visit(store)
    again.provider.claims = {"email": "new@example.org", "name": "Ana B."}  # people change their addresses
    await again.sign_in()
    assert (await again.guest.get("/me"))["creator"]["id"] == me["creator"]["id"]


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "somebody-else"},
        {"aud": [CLIENT, "somebody-else"], "azp": "somebody-else"},
        {"iss": "https://evil.test"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"sub": None},
    ],
    ids=str,
)
async def test_an_id_token_for_somebody_else_signs_nobody_in(sqlite_store: Store, claims: dict[str, Any]) -> None:
    visit = Visit(sqlite_store)
    visit.provider.claims = claims
    assert refusal(await visit.sign_in()) == (401, "not_signed_in")
    assert refusal(await visit.guest.call("GET", "/me")) == (401, "not_signed_in")


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("ES256", ECKey.generate_key("P-256")), ("HS256", OctKey.import_key(SECRET.ljust(32, "x")))],
    ids=["another's key", "our own secret"],
)
async def test_a_forged_id_token_signs_nobody_in(sqlite_store: Store, algorithm: str, key: Any) -> None:
    visit = Visit(sqlite_store)
    visit.provider.algorithm, visit.provider.signs = algorithm, key
    assert refusal(await visit.sign_in()) == (401, "not_signed_in")


async def test_a_way_back_that_began_elsewhere_signs_nobody_in(sqlite_store: Store) -> None:
    """An attacker's code in a victim's browser would sign the victim in as the attacker."""
    attacker, victim = Visit(sqlite_store), Visit(sqlite_store)
    theirs = await attacker.back_from(await attacker.to_the_provider())
    assert refusal(await victim.arrive(theirs)) == (401, "not_signed_in")
    await victim.to_the_provider()
    assert refusal(await victim.arrive(theirs)) == (401, "not_signed_in")
    assert (await attacker.arrive(theirs)).status_code == 303
    assert refusal(await attacker.arrive(theirs)) == (401, "not_signed_in"), "a code is good once"


async def test_a_way_back_with_another_state_signs_nobody_in(sqlite_store: Store) -> None:
    """Even if the provider checked neither verifier nor nonce."""
    visit = Visit(sqlite_store)
    back = await visit.back_from(await visit.to_the_provider())
    (state,) = parse_qs(urlsplit(back).query)["state"]
    assert refusal(await visit.arrive(back.replace(state, "x" * len(state)))) == (401, "not_signed_in")
    assert (await visit.arrive(back)).status_code == 303


async def test_what_is_sent_to_the_provider_holds_no_secret(sqlite_store: Store) -> None:
    visit = Visit(sqlite_store)
    asked = parse_qs(urlsplit(await visit.to_the_provider()).query)
    assert set(asked) == {
        "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
        "code_challenge_method",
    }  # fmt: skip
    cookie = visit.guest.http.cookies["stagedoor_oidc"]
    assert asked["state"][0] not in cookie.partition(".")[0]


async def test_an_unverified_address_makes_no_account(sqlite_store: Store) -> None:
    visit = Visit(sqlite_store)
    visit.provider.claims = {"email_verified": False}
    assert refusal(await visit.sign_in()) == (403, "forbidden")


async def test_an_account_with_a_password_is_not_handed_over(sqlite_store: Store) -> None:
    """Whoever made it need not own the address."""
    visit = Visit(sqlite_store, sign_up="open")
    body = {"name": "Eve", "email": "ana@example.org", "password": PASSWORD}
    await Guest(visit.app).post("/creators", body)
    assert refusal(await visit.sign_in()) == (409, "conflict")


async def test_where_accounts_are_closed_only_a_prepared_one_opens(sqlite_store: Store) -> None:
    visit = Visit(sqlite_store, sign_up="closed")
    assert refusal(await visit.sign_in()) == (403, "forbidden")
    async with sqlite_store.begin() as db:
        await add_creator(db, name="Ana", email="ana@example.org", now=visit.house.now(), password_hash=None)
    assert (await visit.sign_in()).status_code == 303


async def test_a_provider_that_calls_itself_otherwise_is_not_believed(sqlite_store: Store) -> None:
    visit = Visit(sqlite_store)
    visit.provider.issuer = "https://evil.test"
    assert refusal(await visit.guest.call("GET", "/login/oidc")) == (503, "unavailable")


async def test_without_a_provider_there_is_no_such_way(sqlite_store: Store) -> None:
    guest = Guest(app_of(house_over(sqlite_store)))
    assert (await guest.get("/login"))["oidc"] is False
    assert refusal(await guest.call("GET", "/login/oidc")) == (404, "not_found")
    assert refusal(await guest.call("GET", "/login/oidc/callback?code=x&state=y")) == (404, "not_found")
