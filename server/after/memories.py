"""What a persona remembers of a fan between visits: rows written with the consent `memory`, one for each fan and
persona. What comes next: attendance.py reads them at a visit's start and writes them at its end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from avatar.affect import Affect, Mood, mood_of
from server.after.facts import merged
from server.store.tables import MemoryRow

#: How a mood is put to the fan, and before the language model in the fan's own words.
_MOODS: Final[Mapping[Mood, tuple[str, str]]] = {
    "thrilled": ("happy and excited", "I was very happy that day."),
    "touched": ("happy", "I was happy that day."),
    "sad": ("a little sad", "I was a little sad that day."),
    "upset": ("upset", "I was upset that day."),
}


@dataclass(frozen=True, slots=True)
class Memory:
    """Facts in the fan's own words, and how they seemed at their last visit."""

    facts: tuple[str, ...] = ()
    mood: Mood = "unclear"

    def __bool__(self) -> bool:
        return bool(self.facts) or self.mood in _MOODS

    def shown_mood(self) -> str:
        """For the fan's eyes; may be empty."""
        return _MOODS[self.mood][0] if self.mood in _MOODS else ""

    def told(self) -> list[str]:
        """For the prompt: what the fan said then."""
        return [*self.facts, *([_MOODS[self.mood][1]] if self.mood in _MOODS else [])]


def summed_up(guesses: Sequence[Affect]) -> tuple[Mood, dict[str, Any]]:
    """A visit's mood, and the numbers behind it: the guesses' mean, each as far as it is believed."""
    total = sum(guess.confidence for guess in guesses)
    if not total:
        return "unclear", {}
    mean = Affect(
        valence=sum(guess.valence * guess.confidence for guess in guesses) / total,
        arousal=sum(guess.arousal * guess.confidence for guess in guesses) / total,
        confidence=max(guess.confidence for guess in guesses),
    )
    numbers = {"valence": mean.valence, "arousal": mean.arousal, "confidence": mean.confidence}
    mood = mood_of(mean)
    return mood, {"mood": mood, "turns": len(guesses), **{key: round(value, 2) for key, value in numbers.items()}}


async def recall(db: AsyncSession, fan_id: str, persona_id: str, now: datetime) -> Memory:
    """What this persona remembers of this fan; an empty memory when there is none, or its time is over."""
    row = await db.scalar(_of(fan_id, persona_id).where(MemoryRow.expires_at > now))
    if row is None:
        return Memory()
    return Memory(tuple(filter(None, row.text.split("\n"))), row.affect.get("mood", "unclear"))


async def remember(
    db: AsyncSession,
    whose: tuple[str, str],
    facts: Sequence[str],
    guesses: Sequence[Affect],
    until: datetime,
    now: datetime,
) -> Memory:
    """Adds a visit to what is remembered. `whose`: fan and persona. Nothing new is written when nothing was learned,
    but what is known stays until `until`.
    """
    fan_id, persona_id = whose
    before = await recall(db, fan_id, persona_id, now)
    mood, affect = summed_up(guesses)
    memory = Memory(merged(before.facts, facts), mood)
    row = await db.scalar(_of(fan_id, persona_id))
    if not memory:
        return memory
    if row is None:
        row = MemoryRow(fan_id=fan_id, persona_id=persona_id)
        db.add(row)
    row.text, row.affect, row.updated_at, row.expires_at = "\n".join(memory.facts), affect, now, until
    return memory


async def forget(db: AsyncSession, fan_id: str, persona_id: str) -> int:
    """Deletes what is remembered; returns how many rows that were."""
    gone = await db.execute(
        delete(MemoryRow).where(MemoryRow.fan_id == fan_id, MemoryRow.persona_id == persona_id).returning(MemoryRow.id)
    )
    return len(gone.all())


def _of(fan_id: str, persona_id: str) -> Any:
    return select(MemoryRow).where(MemoryRow.fan_id == fan_id, MemoryRow.persona_id == persona_id)
