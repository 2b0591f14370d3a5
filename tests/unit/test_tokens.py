"""Join tokens: good ones come in, everything else is refused without an echo."""

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import TokenError
from server.tokens import JoinClaims, TokenSigner

SIGNER = TokenSigner("a" * 32)


def test_a_good_token_says_who_comes() -> None:
    claims = JoinClaims(name="Ana", persona="nova")
    assert SIGNER.check(SIGNER.sign(claims, valid_s=60)) == claims


@pytest.mark.parametrize(
    "token",
    [
        SIGNER.sign(JoinClaims(), valid_s=-5),
        TokenSigner("b" * 32).sign(JoinClaims(), valid_s=60),
        jwt.encode({"aud": "stagedoor-join", "exp": 9e9}, "", algorithm="none"),
        jwt.encode({"aud": "something-else", "exp": 9e9}, "a" * 32, algorithm="HS256"),
        jwt.encode({"aud": "stagedoor-join"}, "a" * 32, algorithm="HS256"),
        jwt.encode({"aud": "stagedoor-join", "exp": 9e9, "name": 7}, "a" * 32, algorithm="HS256"),
    ],
    ids=["expired", "another key", "unsigned", "another audience", "endless", "a number for a name"],
)
def test_every_other_token_is_refused(token: str) -> None:
    with pytest.raises(TokenError) as refused:
        SIGNER.check(token)
    assert token not in str(refused.value)


@given(st.text(max_size=200))
def test_noise_is_refused(token: str) -> None:
    with pytest.raises(TokenError):
        SIGNER.check(token)
