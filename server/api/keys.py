"""API keys, by which a creator's platform calls this API. Only a person may make and revoke them."""

import secrets

from fastapi import APIRouter
from sqlalchemy import select

from server.api.access import KEY_MARK, HouseHere, Person, digest, new_secret
from server.api.bodies import Done, KeyMade, KeyOut, Keys, NewKey
from server.api.errors import ConflictError, NotFoundError
from server.store.audit import note
from server.store.columns import new_id
from server.store.tables import ApiKeyRow

MAX_KEYS = 50

router = APIRouter(prefix="/keys", tags=["keys"])


@router.get("")
async def list_keys(caller: Person, house: HouseHere) -> Keys:
    """The keys that are good."""
    async with house.store.begin() as db:
        mine = select(ApiKeyRow).where(ApiKeyRow.creator_id == caller.creator_id, ApiKeyRow.revoked_at.is_(None))
        rows = await db.scalars(mine.order_by(ApiKeyRow.created_at))
        return Keys(keys=[_shown(row) for row in rows])


@router.post("", status_code=201)
async def make_key(body: NewKey, caller: Person, house: HouseHere) -> KeyMade:
    """A new key, shown this once."""
    secret, prefix = new_secret(), secrets.token_hex(4)
    async with house.store.begin() as db:
        good = select(ApiKeyRow.id).where(ApiKeyRow.creator_id == caller.creator_id, ApiKeyRow.revoked_at.is_(None))
        if len((await db.scalars(good)).all()) >= MAX_KEYS:
            raise ConflictError(f"there are {MAX_KEYS} keys; revoke one first")
        row = ApiKeyRow(
            id=new_id(),
            creator_id=caller.creator_id,
            label=body.label,
            prefix=prefix,
            key_hash=digest(secret),
            created_at=house.now(),
        )
        db.add(row)
        note(db, caller.creator_id, caller.actor, "key.create", row.id, {"label": body.label, "prefix": prefix})
    return KeyMade(**_shown(row).model_dump(), key=f"{KEY_MARK}_{prefix}_{secret}")


@router.delete("/{key_id}")
async def revoke_key(key_id: str, caller: Person, house: HouseHere) -> Done:
    """From now on the key is refused."""
    async with house.store.begin() as db:
        row = await db.get(ApiKeyRow, key_id)
        if row is None or row.creator_id != caller.creator_id or row.revoked_at:
            raise NotFoundError("there is no such key")
        row.revoked_at = house.now()
        note(db, caller.creator_id, caller.actor, "key.revoke", key_id, {"prefix": row.prefix})
    return Done()


def _shown(row: ApiKeyRow) -> KeyOut:
    return KeyOut(id=row.id, label=row.label, prefix=row.prefix, created_at=row.created_at)
