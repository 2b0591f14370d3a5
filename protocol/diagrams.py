"""Tables of states as Mermaid text, so that a drawing can never say anything else than the code. Pure.

What comes next: tests/golden.py writes the text into PROTOCOL.md and ARCHITECTURE.md (`make golden`).
"""

from collections.abc import Iterable

from .handshake import LEGAL, RESUMED, ROLES, Phase

Edge = tuple[str, str, str]
"""From a state, by a label, to a state."""


def state_diagram(initial: str, edges: Iterable[Edge]) -> str:
    """A Mermaid state diagram; arrows between the same two states are drawn as one, with all their labels.

    States are drawn in the order in which they first appear. One that is never left is drawn as an end.
    Raises ValueError for a state or a label that Mermaid would misread, or when `initial` has no arrow.
    """
    arrows: dict[tuple[str, str], list[str]] = {}
    for before, label, after in edges:
        labels = arrows.setdefault((_state(before), _state(after)), [])
        if _label(label) not in labels:
            labels.append(label)
    left = {before for before, _ in arrows}
    if initial not in left:
        raise ValueError(f"nothing leads out of the initial state {initial!r}")
    ends = dict.fromkeys(after for _, after in arrows if after not in left)
    return "\n".join(
        [
            "stateDiagram-v2",
            f"    [*] --> {initial}",
            *(f"    {before} --> {after}: {', '.join(labels)}" for (before, after), labels in arrows.items()),
            *(f"    {end} --> [*]" for end in ends),
        ]
    )


def handshake_diagram() -> str:
    """The phases of a connection, from the table in handshake.py."""
    edges = [
        (before.value, str(kind.__struct_config__.tag), after.value) for (before, kind), after in LEGAL.items()
    ]  # fmt: skip
    edges.append((Phase.NEW.value, "hello (resume)", RESUMED.value))
    edges += [(Phase.NEW.value, f"hello ({role})", phase.value) for role, phase in ROLES.items()]
    return state_diagram(Phase.NEW.value, edges)


def _state(name: str) -> str:
    if not name.isidentifier() or name in {"end", "state", "note", "class", "direction"}:
        raise ValueError(f"{name!r} cannot name a state in Mermaid")
    return name


def _label(text: str) -> str:
    if not text or set(text) & set("\n:;%#{}<>"):
        raise ValueError(f"{text!r} cannot be a label in Mermaid")
    return text
