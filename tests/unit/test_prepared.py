"""Lines said before anybody asks."""

from pathlib import Path

import pytest

from avatar.engines.scripted import ScriptedMeaning
from avatar.persona import load_personas
from server.batching import Priority
from server.events.words import for_fan
from server.lanes import InlineLane
from server.prepared import (
    MAX_KEPT,
    PREPARED_SEED,
    PreparedReplies,
    PreparedSpeech,
    fixed_lines,
    lines_for_fan,
    named_jobs,
    opening_line,
    rehearse,
    say_once,
    speech_jobs,
)
from speech.consent import VoiceConsentError, VoiceConsents
from speech.engines.scripted import ScriptedTts
from speech.tts import SpeechJob

NOVA = load_personas(Path(__file__).parents[2] / "personas")["nova"]


class CountingTts(ScriptedTts):
    """Remembers what it had to say."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def run(self, jobs):  # type: ignore[no-untyped-def]
        self.said += [job.text for job in jobs]
        return super().run(jobs)


def lane_of(tts: ScriptedTts) -> PreparedSpeech:
    return PreparedSpeech(InlineLane("tts", tts.run))


async def test_a_prepared_line_is_said_once_and_a_new_one_every_time() -> None:
    tts = CountingTts()
    lane = lane_of(tts)
    first = await lane.ask(SpeechJob("Hello.", "heart", 1.0, PREPARED_SEED))
    assert await lane.ask(SpeechJob("Hello.", "heart", 1.0, PREPARED_SEED)) is first
    await lane.ask(SpeechJob("Hello.", "heart", 1.2, PREPARED_SEED))
    for seed in (1, 1, 2):
        await lane.ask(SpeechJob("Hello.", "heart", 1.0, seed))
    assert len(tts.said) == 5


async def test_what_is_kept_is_bounded() -> None:
    tts = CountingTts()
    lane = lane_of(tts)
    for n in range(MAX_KEPT + 1):
        await lane.ask(SpeechJob(f"Line {n}.", "heart"))
    await lane.ask(SpeechJob("Line 0.", "heart"))
    await lane.ask(SpeechJob(f"Line {MAX_KEPT}.", "heart"))
    assert len(tts.said) == MAX_KEPT + 2


async def test_what_was_said_for_one_fan_is_forgotten_and_what_is_said_to_all_stays() -> None:
    tts = CountingTts()
    lane = lane_of(tts)
    maya = for_fan(NOVA, "Maya")
    for persona in (NOVA, maya):
        await say_once(lane, persona, lines_for_fan(persona))
    once = len(tts.said)
    lane.forget(named_jobs(maya, NOVA))
    await say_once(lane, NOVA, lines_for_fan(NOVA))
    assert len(tts.said) == once
    await say_once(lane, maya, lines_for_fan(maya))
    assert any("Maya" in text for text in tts.said[once:]), "hers are gone"


class Withdrawn(VoiceConsents):
    """The consent to one cloned voice, until it is taken back."""

    holds = True

    def check(self, voice: str) -> None:
        if voice == "heart" and not self.holds:
            raise VoiceConsentError("voice_consent_revoked", "taken back")


async def test_a_line_that_lies_ready_in_a_cloned_voice_is_gone_with_the_consent() -> None:
    tts, consents = CountingTts(), Withdrawn()
    lane = PreparedSpeech(InlineLane("tts", tts.run), consents)
    job = SpeechJob("Hello.", "heart", 1.0, PREPARED_SEED)
    await lane.ask(job)
    consents.holds = False
    for _ in range(2):
        with pytest.raises(VoiceConsentError, match="voice_consent_revoked"):
            await lane.ask(job)
    assert len(tts.said) == 1
    consents.holds = True
    await lane.ask(job)
    assert len(tts.said) == 2, "what was kept of the voice was thrown away"


async def test_a_rehearsed_persona_has_every_fixed_line_ready() -> None:
    tts = CountingTts()
    lane = lane_of(tts)
    await rehearse(lane, replies_of(ScriptedMeaning()), [NOVA])
    rehearsed = len(tts.said)
    for line in (*fixed_lines(NOVA), opening_line(NOVA)):
        for job in speech_jobs(NOVA, line):
            await lane.ask(job, Priority.COMMITTED)
    assert len(tts.said) == rehearsed


def replies_of(meaning: ScriptedMeaning) -> PreparedReplies:
    return PreparedReplies(InlineLane("meaning", meaning.run))


async def test_a_prepared_question_is_found_and_others_are_not() -> None:
    replies = replies_of(ScriptedMeaning())
    asked = NOVA.facts[0].prepared[0].asked[0]
    assert await replies.find(NOVA, asked, Priority.COMMITTED) is None, "nothing was learned yet"
    await replies.learn(NOVA)
    assert await replies.find(NOVA, asked, Priority.COMMITTED) == NOVA.facts[0].prepared[0].answer
    assert await replies.find(NOVA, "How far is the moon?", Priority.COMMITTED) is None
    assert await replies.find(NOVA, "", Priority.COMMITTED) is None


async def test_a_model_of_meaning_that_fails_leaves_the_question_to_the_language_model() -> None:
    asked = NOVA.facts[0].prepared[0].asked[0]
    meaning = ScriptedMeaning()
    replies = replies_of(meaning)
    await replies.learn(NOVA)
    meaning.fails = frozenset(meaning.asked)
    assert await replies.find(NOVA, asked, Priority.COMMITTED) is None
    await rehearse(lane_of(ScriptedTts()), replies, [NOVA])


async def test_a_line_that_cannot_be_said_does_not_stop_the_rehearsal() -> None:
    tts = ScriptedTts(voices=("another",))
    await rehearse(lane_of(tts), replies_of(ScriptedMeaning()), [NOVA])
