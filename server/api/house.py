"""What every route shares: the store, the signer, the rules, and whom to tell of a change. Built once, in app.py."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fastapi import Request

from avatar.persona import Persona
from server.api.errors import TooManyError
from server.api.passwords import Passwords
from server.api.rates import Rates, network_of
from server.config import AccountsConfig
from server.store.engine import Store
from server.tokens import TokenSigner

if TYPE_CHECKING:
    from server.api.oidc import Provider

Owned = Literal["creator", "event", "fan"]


def _nobody(_: str) -> None:
    """Nobody waits for changes."""


def _any_persona(_: Persona) -> None:
    """Every persona will do."""


async def _nothing_to_forget(_: Owned, __: str) -> None:
    """There are no files."""


def _no_files(_: str) -> Sequence[Path]:
    """There are no files."""
    return ()


@dataclass(slots=True)
class House:
    """`changed` is told the id of an event that changed, or whose tickets did; `forget` removes what lies in files of
    a creator, an event or a fan, before the rows go; `files` are those of a keepsake, found by its row's `path`;
    `check_persona` raises PersonaError for a voice or a look that
    this server does not have.
    """

    store: Store
    signer: TokenSigner
    accounts: AccountsConfig = field(default_factory=AccountsConfig)
    origins: Sequence[str] = ()
    public_url: str = ""
    personas: Mapping[str, Persona] = field(default_factory=dict)  # those that come with the house
    check_persona: Callable[[Persona], None] = _any_persona
    changed: Callable[[str], None] = _nobody
    forget: Callable[[Owned, str], Awaitable[None]] = _nothing_to_forget
    files: Callable[[str], Sequence[Path]] = _no_files
    provider: "Provider | None" = None
    seconds: Callable[[], float] = time.monotonic
    passwords: Passwords = field(default_factory=Passwords)
    requests: Rates = field(init=False)
    tries: Rates = field(init=False)

    def __post_init__(self) -> None:
        self.requests = Rates(self.accounts.requests_per_minute)
        self.tries = Rates(self.accounts.tries_per_minute)

    def now(self) -> datetime:
        """The present, in UTC."""
        return datetime.now(UTC)

    def base_url(self, request: Request) -> str:
        """Where this server is: as configured, else as the one who asks knows it."""
        return self.public_url or f"{request.url.scheme}://{request.url.netloc}"

    def count_request(self, name: str) -> None:
        """Raises TooManyError."""
        _pour(self.requests, name, self.seconds())

    def count_try(self, *names: str) -> None:
        """Counts something that a stranger may do, or a guess at a password. Raises TooManyError."""
        for name in names:
            _pour(self.tries, name, self.seconds())


def _pour(rates: Rates, name: str, now: float) -> None:
    if wait_s := rates.pour(name, now):
        raise TooManyError(wait_s)


def house_of(request: Request) -> House:
    """The house that this request came to; a FastAPI dependency."""
    house: House = request.app.state.house
    return house


def address_of(request: Request) -> str:
    """Where a request came from, as a name to count it by."""
    return network_of(request.client.host) if request.client else ""
