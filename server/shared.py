"""What all sessions of a server have in common: its engines, what it prepared, its counters, its settings, its load.

What comes next: room.py makes one, and every session.py of the room gets it.
"""

from dataclasses import dataclass, field

from server.lanes import Lanes
from server.load import Load
from server.metrics import Metrics
from server.prepared import PreparedReplies


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What the configuration says about every session."""

    max_tokens: int = 80
    greet: bool = True
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Shared:
    """What all sessions of a server have in common."""

    lanes: Lanes
    prepared: PreparedReplies
    metrics: Metrics
    settings: SessionSettings = SessionSettings()
    load: Load = field(default_factory=Load)
