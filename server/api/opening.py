"""Opens the store and the house around it, and keeps its signing keys fresh. What comes next: app.py builds the API."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from avatar.persona import Persona
from server.api.house import House
from server.api.oidc import Provider
from server.config import Config
from server.store.engine import Store, open_store
from server.store.signing import READ_EVERY_S, signing_keys
from server.tokens import SigningKey, TokenSigner

log = structlog.get_logger()


@asynccontextmanager
async def open_house(config: Config, personas: Mapping[str, Persona]) -> AsyncIterator[House]:
    """The house that the configuration describes, its store open. Raises StoreError."""
    store = await open_store(config.store.url)
    try:
        rotate_after = timedelta(days=config.access.key_days)
        signer = TokenSigner(config.access.secret or await read_keys(store, rotate_after))
        house = House(store, signer, config.accounts, config.access.origins, config.access.public_url, personas)
        house.provider = Provider(config.accounts) if config.accounts.oidc_issuer else None
        if config.access.secret:
            yield house
            return
        keeping = asyncio.create_task(_keep_keys(store, signer, rotate_after), name="signing-keys")
        try:
            yield house
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
    finally:
        await store.close()


async def read_keys(store: Store, rotate_after: timedelta) -> list[SigningKey]:
    """The store's signing keys, the one that signs first."""
    async with store.begin() as db:
        return await signing_keys(db, rotate_after)


async def _keep_keys(store: Store, signer: TokenSigner, rotate_after: timedelta) -> None:
    while True:
        await asyncio.sleep(READ_EVERY_S)
        try:
            signer.use(await read_keys(store, rotate_after))
        except (SQLAlchemyError, OSError) as error:
            log.warning("signing_keys_not_read", reason=type(error).__name__)  # the known ones go on signing
