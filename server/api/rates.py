"""How often somebody may ask: a leaky bucket for each name, and only as many names as fit. Pure.

A name is an address or an account. What comes next: access.py and the routes pour; TooManyError says when to return.
"""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

MAX_NAMES: Final = 10_000  # beyond it, who was quiet the longest is forgotten


class Rates:
    """At most `per_minute` for each name in the long run, and as many at once. Instants are seconds on one clock."""

    def __init__(self, per_minute: float, max_names: int = MAX_NAMES) -> None:
        self._size = per_minute
        self._drain_per_s = per_minute / 60
        self._max_names = max_names
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()  # level, and when

    def pour(self, name: str, now: float) -> float:
        """0 when it may go on; else the seconds until it may, and nothing is counted."""
        level, at = self._levels.pop(name, (0.0, now))
        level = max(0.0, level - (now - at) * self._drain_per_s)
        fits = level + 1 <= self._size
        self._levels[name] = (level + fits, now)
        if len(self._levels) > self._max_names:
            self._levels.popitem(last=False)
        return 0.0 if fits else (level + 1 - self._size) / self._drain_per_s

    def forgive(self, name: str) -> None:
        """Forgets what was counted, as after a login that went well."""
        self._levels.pop(name, None)


def network_of(address: str) -> str:
    """Whom an address stands for: IPv6 gives one house 2**64 of them."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return address
    return str(known.ipv4_mapped or ip_network(f"{known}/64", strict=False))
