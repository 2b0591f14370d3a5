"""Join tokens: good ones come in, everything else is refused without an echo."""

import time

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import TokenError
from server.tokens import LONGEST_VALID_S, JoinClaims, SigningKey, TokenSigner

SIGNER = TokenSigner("a" * 32)


def test_a_good_token_says_who_comes() -> None:
    claims = JoinClaims(name="Ana", persona="nova")
    assert SIGNER.check(SIGNER.sign(claims, valid_s=60)) == claims


def test_an_event_s_token_says_which_ticket_and_what_part() -> None:
    claims = JoinClaims(event="e1", ticket="t1", role="host", sub="c1")
    assert SIGNER.check(SIGNER.sign(claims, valid_s=60)) == claims


def test_a_token_names_its_key_and_outlives_a_change_of_keys() -> None:
    old, new = SigningKey("old", b"o" * 32), SigningKey("new", b"n" * 32)
    early = TokenSigner([old]).sign(JoinClaims(), valid_s=60)
    signer = TokenSigner([new, old])
    assert signer.check(early) == JoinClaims()
    assert jwt.get_unverified_header(signer.sign(JoinClaims(), valid_s=60))["kid"] == "new"
    signer.use([new])
    with pytest.raises(TokenError):
        signer.check(early)


def test_no_token_is_good_for_long() -> None:
    token = SIGNER.sign(JoinClaims(), valid_s=10**9)
    payload = jwt.decode(token, "a" * 32, algorithms=["HS256"], audience="stagedoor-join", options={"require": ["exp"]})
    assert payload["exp"] <= time.time() + LONGEST_VALID_S


def test_a_platform_that_shares_the_secret_need_not_name_a_key() -> None:
    token = jwt.encode({"aud": "stagedoor-join", "exp": 9e9, "name": "Ana"}, "a" * 32, algorithm="HS256")
    assert SIGNER.check(token).name == "Ana"


def test_a_secret_is_not_shown() -> None:
    assert "hush" not in repr(SigningKey("k", b"hush"))


@pytest.mark.parametrize(
    "token",
    [
        SIGNER.sign(JoinClaims(), valid_s=-5),
        TokenSigner("b" * 32).sign(JoinClaims(), valid_s=60),
        jwt.encode({"aud": "stagedoor-join", "exp": 9e9}, "", algorithm="none"),
        jwt.encode({"aud": "something-else", "exp": 9e9}, "a" * 32, algorithm="HS256"),
        jwt.encode({"aud": "stagedoor-join"}, "a" * 32, algorithm="HS256"),
        jwt.encode({"aud": "stagedoor-join", "exp": 9e9, "name": 7}, "a" * 32, algorithm="HS256"),
        jwt.encode({"aud": "stagedoor-join", "exp": 9e9, "role": "owner"}, "a" * 32, algorithm="HS256"),
        jwt.encode({"aud": "stagedoor-join", "exp": 9e9}, "a" * 32, algorithm="HS256", headers={"kid": "other"}),
    ],
    ids=[
        "expired",
        "another key",
        "unsigned",
        "another audience",
        "endless",
        "a number for a name",
        "an unknown role",
        "an unknown key",
    ],
)
def test_every_other_token_is_refused(token: str) -> None:
    with pytest.raises(TokenError) as refused:
        SIGNER.check(token)
    assert token not in str(refused.value)


@given(st.text(max_size=200))
def test_noise_is_refused(token: str) -> None:
    with pytest.raises(TokenError):
        SIGNER.check(token)
