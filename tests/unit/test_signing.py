"""Signing keys change while links are under way: whoever signs, everybody can check."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from server.store.engine import Store
from server.store.signing import KEPT, SPREAD, KeyAge, plan, signing_keys
from server.store.tables import SigningKeyRow
from server.tokens import LONGEST_VALID_S, JoinClaims, TokenSigner

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MONTH = timedelta(days=30)


def after(steps_h: list[int]) -> None:
    """Runs the plan at each step and holds what must always hold."""
    now, keys, last_signed = NOON, {}, {}
    for n, hours in enumerate(steps_h):
        now += timedelta(hours=hours)
        todo = plan(list(keys.values()), now, MONTH)
        keys = {kid: key for kid, key in keys.items() if kid not in todo.forget}
        for kid in todo.retire:
            keys[kid] = KeyAge(kid, keys[kid].created_at, now)
        if todo.make:
            keys[f"k{n}"] = KeyAge(f"k{n}", now)
        signs = todo.signs or f"k{n}"
        assert keys[signs].retired_at is None
        spread = [kid for kid, key in keys.items() if key.created_at + SPREAD <= now and not key.retired_at]
        assert not spread or signs in spread, "a key that others may not have read yet signs"
        last_signed[signs] = now
        under_way = {kid for kid, at in last_signed.items() if at + timedelta(seconds=LONGEST_VALID_S) > now}
        assert under_way <= set(keys), "a token under way can no longer be checked"
        assert len(keys) <= 4


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=30))
def test_a_token_under_way_can_always_be_checked(steps_h: list[int]) -> None:
    after(steps_h)


def test_a_new_key_signs_only_when_everybody_has_read_it() -> None:
    old, new = KeyAge("old", NOON - MONTH), KeyAge("new", NOON)
    assert plan([old], NOON, MONTH).make
    assert plan([old, new], NOON + SPREAD / 2, MONTH).signs == "old"
    later = plan([old, new], NOON + SPREAD, MONTH)
    assert (later.signs, later.make, list(later.retire)) == ("new", False, ["old"])
    retired = KeyAge("old", NOON - MONTH, NOON)
    assert plan([retired, new], NOON + KEPT, MONTH).forget == ["old"]


async def test_links_given_out_before_a_rotation_stay_good(store: Store) -> None:
    async with store.begin() as db:
        signer = TokenSigner(await signing_keys(db, MONTH))
    early = signer.sign(JoinClaims(name="Ana"), valid_s=60)
    async with store.begin() as db:
        for row in await db.scalars(select(SigningKeyRow)):
            row.created_at -= MONTH
    async with store.begin() as db:
        await signing_keys(db, MONTH)
    async with store.begin() as db:
        signer.use(await signing_keys(db, MONTH, datetime.now(UTC) + SPREAD))
    late = signer.sign(JoinClaims(name="Ben"), valid_s=60)
    assert signer.check(early).name == "Ana"
    assert signer.check(late).name == "Ben"
    async with store.begin() as db:
        signer.use(await signing_keys(db, MONTH, datetime.now(UTC) + SPREAD + KEPT))
    assert signer.check(late).name == "Ben"
    async with store.begin() as db:
        assert len(list(await db.scalars(select(SigningKeyRow)))) == 1
