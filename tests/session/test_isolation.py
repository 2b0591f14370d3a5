"""Thirty-two fans, each with a secret. Engines die under them, they interrupt and go on; nobody gets another's words.

Every fan's avatar says the fan's own secret and nothing else that is secret. The voice spells what it says by the
level of its samples, so that words can be read back from the audio alone.
"""

import asyncio
import random
import re
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from avatar.blendshapes import ARKIT_52, loudness_opening, mouth
from avatar.engines.scripted import ScriptedLlm
from avatar.llm import Prompt
from avatar.visemes import mouth_targets
from protocol.errors import EngineError
from protocol.messages import Interrupt, ReplyChunk, TextInput, Transcript
from protocol.timeline import SAMPLES_PER_FACE_FRAME
from speech.engines.scripted import LETTER_SAMPLES, ScriptedTts
from speech.tts import SpeechJob, SpokenChunk
from tests.session.crews import MortalWorld
from tests.session.virtual import run_virtual
from tests.session.world import Fan, fans_in

N_FANS = 32
SECRETS = [f"{a}{b}{c}" for a in ("zam", "wip", "fuv", "kol") for b in ("bo", "ma", "pe", "vu") for c in ("x", "gib")]
LINES = [f"My secret word is {secret}" for secret in SECRETS]
WORD = re.compile("|".join(SECRETS))
LIPS = [i for i, name in enumerate(ARKIT_52) if name in ("jawOpen", "mouthPucker", "mouthFunnel", "mouthRollLower")]


class SpellingTts(ScriptedTts):
    """Each letter has a level of its own."""

    def run(self, jobs: Sequence[SpeechJob]) -> list[SpokenChunk | Exception]:
        return [spell(job.text, result) for job, result in zip(jobs, super().run(jobs), strict=True)]


def spell(text: str, spoken: SpokenChunk | Exception) -> SpokenChunk | Exception:
    if isinstance(spoken, Exception):
        return spoken
    pcm = np.zeros(len(spoken.pcm), np.float32)
    for i, letter in enumerate(" ".join(text.split())):
        pcm[i * LETTER_SAMPLES : (i + 1) * LETTER_SAMPLES] = ord(letter) / 256
    return SpokenChunk(pcm, spoken.phonemes, spoken.words)


def spelled(chunks: Sequence[ReplyChunk]) -> str:
    """What the audio of one reply says."""
    pcm = np.frombuffer(b"".join(chunk.audio for chunk in chunks), "<i2") / 32767
    codes = np.rint(pcm * 256).astype(int)
    kept = codes[LETTER_SAMPLES // 2 :: LETTER_SAMPLES]
    return "".join(chr(code) for code in kept if code)


def tell(prompt: Prompt) -> str:
    """The model repeats the secret it was told last; one prompt must never hold two."""
    known = {word for message in prompt.messages for word in WORD.findall(message.content)}
    assert len(known) <= 1, f"a prompt holds {known}"
    return answer(known.pop()) if known else "I see."


def answer(secret: str) -> str:
    return f"{secret} is your secret, and I will keep it safe. Nobody else will hear it."


async def visit(fan: Fan, line: int, rng: random.Random) -> None:
    """Tells the secret, by voice or typed, and listens, interrupts or talks over the answer."""
    for _ in range(3):
        await asyncio.sleep(rng.uniform(0, 3))
        if rng.random() < 0.3:
            fan.send(TextInput(LINES[line]))
        else:
            await fan.speak(line, words=5)
        await fan.silence(rng.uniform(0.3, 4))
        if rng.random() < 0.3:
            fan.send(Interrupt())
    await fan.silence(12)


async def accidents(world: MortalWorld, rng: random.Random) -> None:
    while True:
        await asyncio.sleep(rng.uniform(0.5, 3))
        rng.choice(list(world.crews.values())).die()


def heard_secrets(fan: Fan) -> set[str]:
    """Every secret in anything the fan was sent: captions, words and the audio itself."""
    texts = [message.text for message in fan.all(Transcript)]
    replies = {chunk.reply_id for chunk in fan.chunks()}
    texts += [fan.words(reply_id) for reply_id in replies]
    texts += [spelled(fan.chunks(reply_id)) for reply_id in replies]
    return {word for text in texts for word in WORD.findall(text)}


def said_by_the_face(chunks: Sequence[ReplyChunk]) -> str | None:
    """The secret whose mouth is nearest to the one that the reply begins with. None: too little of it was sent."""
    n_frames = min(map(len, map(first_mouth, SECRETS)))
    shown = np.frombuffer(b"".join(chunk.face for chunk in chunks), np.uint8).reshape(-1, len(ARKIT_52))
    if len(shown) < n_frames:
        return None
    lips = shown[2:n_frames, LIPS] / 255  # the first frames lead over from the face before
    return min(SECRETS, key=lambda secret: float(np.square(first_mouth(secret)[2:n_frames] - lips).sum()))


@cache
def first_mouth(secret: str) -> NDArray[np.float32]:
    """What the mouth does while a secret is said: [frames, len(LIPS)]."""
    text = answer(secret)
    (spoken,) = SpellingTts().run([SpeechJob(text, "heart")])
    assert isinstance(spoken, SpokenChunk)
    targets = mouth_targets(spoken.phonemes, len(spoken.pcm))
    frames = mouth(targets, len(spoken.pcm) // SAMPLES_PER_FACE_FRAME, loudness_opening(spoken.pcm))
    return frames[: (len(secret) - 1) * LETTER_SAMPLES // SAMPLES_PER_FACE_FRAME, LIPS]


def test_32_fans_among_dying_engines_hear_only_their_own_secrets() -> None:
    async def story() -> None:
        rng = random.Random(1)
        world = MortalWorld(lines=LINES, llm=ScriptedLlm(tell), tts=SpellingTts(), max_sessions=N_FANS)
        async with fans_in(world, N_FANS) as fans:
            dying = asyncio.create_task(accidents(world, rng), name="accidents")
            visits = [visit(fan, line, random.Random(100 + line)) for line, fan in enumerate(fans)]
            await asyncio.gather(*visits)
            dying.cancel()
            await asyncio.gather(dying, return_exceptions=True)
            assert sum(crew.deaths for crew in world.crews.values()) >= 10
            for fan, secret in zip(fans, SECRETS, strict=True):
                assert fan.socket.closed is None, "a session was lost"
                assert heard_secrets(fan) <= {secret}
                assert secret in heard_secrets(fan), "a fan was never answered"
            faces = [
                (secret, said_by_the_face(fan.chunks(reply_id)))
                for fan, secret in zip(fans, SECRETS, strict=True)
                for reply_id in {chunk.reply_id for chunk in fan.chunks()}
                if spelled(fan.chunks(reply_id)).startswith(secret)
            ]
            assert len(faces) >= N_FANS
            assert [face for face in faces if face[1] not in (face[0], None)] == []

    run_virtual(story())


def test_a_mind_that_dies_asks_for_a_second_and_then_answers() -> None:
    async def story() -> None:
        world = MortalWorld(llm=ScriptedLlm(FailsOnce()))
        async with fans_in(world, 1) as (fan,):
            fan.send(TextInput("Tell me something."))
            await fan.silence(6)
            said = fan.words(1)
            assert said == "Give me a second. Here I am again."
            assert fan.errors() == []

    run_virtual(story())


class FailsOnce:
    def __init__(self) -> None:
        self.failed = False

    def __call__(self, prompt: Prompt) -> str:
        if not self.failed:
            self.failed = True
            raise EngineError("lost")
        return "Here I am again."
