"""VITS and XTTS v2 of coqui-tts on small models of random weights, with their real loaders and tokenizers, on the CPU.

What they say is noise; that it has its times, its pieces and its owner's consent is not.
"""

import threading
import time
import wave
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from protocol.errors import EngineError
from protocol.timeline import SAMPLES_PER_FACE_FRAME
from server.app import batch_rules, load_tts, load_voice
from server.config import Config, GpuConfig, TtsConfig
from server.inference.crew import EngineProcess
from server.inference.planned import PlannedLane
from server.lanes import pieces_of
from server.voice_consent import voice_command
from speech.consent import Clone, VoiceConsentError, VoiceConsents
from speech.engines.vits import VitsVoices
from speech.engines.xtts import Turns, XttsVoices
from speech.tts import SpeechJob, SpokenChunk

pytestmark = [
    pytest.mark.filterwarnings("default"),  # these libraries warn about themselves
    pytest.mark.timeout(600),  # the parts of XTTS whose size cannot be set are slow to make on a busy machine
]
TEXTS = [
    "Hi!",
    "My cat is called Miso, and she sleeps on my keyboard.",
    "On the 3rd of March, I'm turning 25!",
    "Dr. Smith paid $9.99 at 7:30 pm 😀 — really?",
    "well-known   words,\nwith strange (spacing)",
]


@pytest.fixture(scope="module")
def vits(make_vits: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> VitsVoices:
    return VitsVoices(make_vits(tmp_path_factory.mktemp("vits")), device="cpu")


@pytest.fixture(scope="module")
def xtts(xtts_folder: Path) -> XttsVoices:
    return XttsVoices(xtts_folder, device="cpu")


def spoken(result: SpokenChunk | Exception) -> SpokenChunk:
    assert isinstance(result, SpokenChunk), result
    return result


def in_order(chunk: SpokenChunk) -> bool:
    edges = [e for w in chunk.words for e in (w.start_samples, w.end_samples)]
    return edges == sorted(edges) and (not edges or edges[-1] <= len(chunk.pcm))


# --- VITS ---


def test_phonemes_cover_the_sound_and_words_have_their_times(vits: VitsVoices) -> None:
    assert vits.timing == "exact"
    for text, result in zip(TEXTS, vits.run([SpeechJob(text, "vits") for text in TEXTS]), strict=True):
        chunk = spoken(result)
        assert [w.text for w in chunk.words] == text.split()
        assert in_order(chunk)
        edges = [0, *(p.end_samples for p in chunk.phonemes)]
        assert [p.start_samples for p in chunk.phonemes] == edges[:-1]
        assert edges[-1] == len(chunk.pcm)
        assert len(chunk.pcm) % SAMPLES_PER_FACE_FRAME == 0
        assert np.abs(chunk.pcm).max() <= 1


def test_phoneme_times_are_the_networks_own(vits: VitsVoices) -> None:
    """With every duration set to ten frames of 256 samples at 22.05 kHz, every phoneme and blank lasts as long."""
    net = vits._model.net
    inference = net.inference
    try:
        net.inference = lambda tokens, asked: inference(
            tokens, {**asked, "durations": torch.full((1, tokens.shape[1]), 10.0)}
        )
        chunk = spoken(vits.run([SpeechJob("ten little cats", "vits")])[0])
    finally:
        net.inference = inference
    lasts = {p.end_samples - p.start_samples for p in chunk.phonemes[1:-2]}
    expected = 2 * 10 * 256 * 24_000 / 22_050
    assert all(abs(each - expected) <= 2 for each in lasts)


def test_fans_go_through_the_network_together(vits: VitsVoices, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    inference = vits._model.net.inference
    monkeypatch.setattr(
        vits._model.net, "inference", lambda tokens, asked: sizes.append(len(tokens)) or inference(tokens, asked)
    )
    jobs = [SpeechJob(text, "vits") for text in TEXTS]
    first, *_, refused, last = vits.run([*jobs, SpeechJob("Two.", "nobody"), SpeechJob("Quickly.", "vits", speed=1.5)])
    assert sizes == [5, 1]  # one speed, one call
    assert isinstance(refused, EngineError)
    assert len(spoken(first).pcm)
    assert len(spoken(last).pcm)


def test_faster_is_shorter_and_the_seed_repeats(vits: VitsVoices) -> None:
    slow, fast = (spoken(vits.run([SpeechJob(TEXTS[1], "vits", speed=s)])[0]).pcm for s in (0.7, 1.6))
    assert len(fast) < 0.8 * len(slow)
    again = spoken(vits.run([SpeechJob(TEXTS[1], "vits", speed=1.6)])[0]).pcm
    np.testing.assert_array_equal(fast, again)


@pytest.mark.parametrize("text", ["", "   ", "...", "😀 🎉"])
def test_what_cannot_be_said_is_an_empty_chunk(vits: VitsVoices, xtts: XttsVoices, text: str) -> None:
    for engine in (vits, xtts):
        chunk = spoken(engine.run([SpeechJob(text, engine.voices()[0])])[0])
        assert (len(chunk.pcm), chunk.phonemes, chunk.words) == (0, (), ())


def test_a_model_that_reads_letters_leaves_the_mouth_to_the_sound(
    make_vits: Callable[..., Path], tmp_path: Path
) -> None:
    engine = VitsVoices(make_vits(tmp_path, speakers=("ann", "bob"), phonemes=False), device="cpu", dtype="bfloat16")
    assert (engine.voices(), engine.timing) == (("ann", "bob"), "none")
    one, other = engine.run([SpeechJob(TEXTS[2], "ann"), SpeechJob(TEXTS[2], "bob")])
    assert spoken(one).phonemes == ()
    assert [w.text for w in spoken(other).words] == TEXTS[2].split()


# --- XTTS ---


def test_sound_comes_in_pieces_on_the_grid_with_every_word_once(xtts: XttsVoices) -> None:
    pieces: list[SpokenChunk] = []
    job = SpeechJob(TEXTS[1], "Studio", emit=lambda piece: not pieces.append(piece))  # type: ignore[func-returns-value]
    pieces.append(spoken(xtts.run([job])[0]))
    assert len(pieces) > 1
    assert all(len(piece.pcm) % SAMPLES_PER_FACE_FRAME == 0 for piece in pieces)
    assert [w.text for piece in pieces for w in piece.words] == TEXTS[1].split()
    assert all(in_order(piece) for piece in pieces)
    whole = spoken(xtts.run([SpeechJob(TEXTS[1], "Studio")])[0])
    np.testing.assert_allclose(np.concatenate([piece.pcm for piece in pieces])[:24_000], whole.pcm[:24_000], atol=1e-5)
    assert whole.phonemes == ()


def test_nothing_more_is_made_when_nobody_listens(xtts: XttsVoices) -> None:
    pieces: list[SpokenChunk] = []

    def listen(piece: SpokenChunk) -> bool:
        pieces.append(piece)
        return False

    rest = spoken(xtts.run([SpeechJob(TEXTS[1], "Studio", emit=listen)])[0])
    assert (len(pieces), len(rest.pcm)) == (1, 0)


def test_a_language_that_the_model_does_not_speak_is_refused(xtts: XttsVoices) -> None:
    spanish, french = xtts.run(
        [SpeechJob("Hola.", "Studio", language="es"), SpeechJob("Salut.", "Studio", language="fr")]
    )
    assert len(spoken(spanish).pcm)
    assert isinstance(french, EngineError)
    assert "does not speak 'fr'" in str(french)


def test_voices_take_turns_and_disturb_each_other_in_nothing(xtts: XttsVoices) -> None:
    """Three fans at once: each hears something before any has heard everything, and exactly what they hear alone."""
    texts = [TEXTS[1], "One, two, three, four, five.", TEXTS[2]]
    alone = [spoken(xtts.run([SpeechJob(text, "Studio", seed=n)])[0]).pcm for n, text in enumerate(texts)]
    all_have_some = threading.Barrier(len(texts), timeout=120)
    heard: dict[int, list[SpokenChunk]] = {n: [] for n in range(len(texts))}

    def listen(n: int, piece: SpokenChunk) -> bool:
        heard[n].append(piece)
        if len(heard[n]) == 1:
            all_have_some.wait()
        return True

    def say(n: int) -> None:
        heard[n].append(spoken(xtts.run([SpeechJob(texts[n], "Studio", seed=n, emit=partial(listen, n))])[0]))

    fans = [threading.Thread(target=say, args=(n,)) for n in range(len(texts))]
    for fan in fans:
        fan.start()
    for fan in fans:
        fan.join(300)
    for n, whole in enumerate(alone):
        together = np.concatenate([piece.pcm for piece in heard[n]])
        length = min(len(whole), len(together), 24_000)
        np.testing.assert_allclose(together[:length], whole[:length], atol=1e-5)


def test_turns_are_had_in_the_order_of_asking() -> None:
    turns, order, asked = Turns(), [], threading.Semaphore(0)

    def ask(n: int) -> None:
        asked.release()
        with turns:
            order.append(n)

    with turns:
        threads = [threading.Thread(target=ask, args=(n,)) for n in range(6)]
        for n, thread in enumerate(threads):
            thread.start()
            asked.acquire()
            while turns._asked < n + 2:  # its ticket is drawn; the one who has the lock drew the first
                pass
    for thread in threads:
        thread.join(60)
    assert order == list(range(6))


# --- clones ---


class Owner:
    """Nova, her recording, and the record that lets one persona speak so."""

    def __init__(self, folder: Path) -> None:
        self.recording, self.record, self.revoked = folder / "nova.wav", folder / "nova.consent", folder / "revoked"
        self.revoked.touch()
        self.now = time.time()
        hum = 0.3 * np.sin(np.arange(4 * 22_050) * 0.05)
        with wave.open(str(self.recording), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(22_050)
            file.writeframes((hum * 32767).astype("<i2").tobytes())
        self.key = folder / "key"
        told = ["--owner", "Nova", "--persona", "nova", "--purpose", "tests", "--until", "2099-01-01"]
        said: list[str] = []
        assert voice_command(["consent", "make", str(self.key)], said.append) == 0
        files = ["--key", str(self.key), "--recording", str(self.recording), "--out", str(self.record)]
        assert voice_command(["consent", "sign", *told, *files], said.append) == 0
        self.id = said[-1].partition("consent ")[2].partition(";")[0]

    def consents(self) -> VoiceConsents:
        owners = {"Nova": self.key.with_name("key.pub")}
        clone = Clone("nova@nova", "nova", self.recording, self.record)
        return VoiceConsents([clone], owners, self.revoked, lambda: self.now)


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner(tmp_path)


def test_a_clone_speaks_until_its_owner_takes_the_consent_back(xtts_folder: Path, owner: Owner) -> None:
    engine = XttsVoices(xtts_folder, device="cpu", consents=owner.consents())
    assert engine.voices() == ("Studio", "nova@nova")
    assert len(spoken(engine.run([SpeechJob("Hello.", "nova@nova")])[0]).pcm)
    owner.revoked.write_text(owner.id, "utf-8")
    (refused,) = engine.run([SpeechJob("Hello.", "nova@nova")])
    assert isinstance(refused, VoiceConsentError)
    assert refused.refusal == "voice_consent_revoked"
    assert engine.voices() == ("Studio",)  # what was learned of her voice is gone
    assert len(spoken(engine.run([SpeechJob("Hello.", "Studio")])[0]).pcm)


def test_a_clone_falls_silent_when_its_consent_ends(xtts_folder: Path, owner: Owner) -> None:
    engine = XttsVoices(xtts_folder, device="cpu", consents=owner.consents())
    owner.now += 100 * 365 * 86_400
    (refused,) = engine.run([SpeechJob("Hello.", "nova@nova")])
    assert isinstance(refused, VoiceConsentError)
    assert refused.refusal == "voice_consent_expired"


def test_without_consent_nothing_is_cloned(xtts_folder: Path, owner: Owner) -> None:
    owner.recording.write_bytes(owner.recording.read_bytes() + b"..")
    with pytest.raises(VoiceConsentError, match="voice_consent_other_recording"):
        XttsVoices(xtts_folder, device="cpu", consents=owner.consents())


# --- what is not there ---


@pytest.mark.parametrize("engine", [VitsVoices, XttsVoices])
def test_a_gpu_that_is_not_there_is_named(
    engine: Callable[..., object], xtts_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EngineError, match="sees no GPU: check `nvidia-smi`"):
        engine(xtts_folder, device="cuda")


def test_a_folder_without_a_model_and_one_with_another_are_refused(xtts_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="not a readable vits model"):
        VitsVoices(tmp_path, device="cpu")
    with pytest.raises(EngineError, match=r"holds a 'xtts' model, and tts\.engine is 'vits'"):
        VitsVoices(xtts_folder, device="cpu")


# --- as the server has them ---


async def test_a_voice_streams_out_of_a_process_of_its_own(xtts_folder: Path, tmp_path: Path) -> None:
    config = Config(tts=TtsConfig(engine="xtts", model=str(xtts_folder)), gpu=GpuConfig(device="cpu"))
    process = EngineProcess("voice", partial(load_voice, config), str(tmp_path))
    try:
        await process.start()
        assert process.facts["voices"] == ("Studio",)
        assert process.facts["workers"] == {"tts": config.tts.streams}
        lane: PlannedLane[SpeechJob, SpokenChunk] = PlannedLane("tts", process.crew("tts"))

        async def ask(emit: Callable[[SpokenChunk], bool]) -> SpokenChunk:
            return await lane.ask(SpeechJob(TEXTS[1], "Studio", emit=emit))

        pieces = [piece async for piece in pieces_of(ask)]
        assert len(pieces) > 1
        assert [w.text for piece in pieces for w in piece.words] == TEXTS[1].split()
    finally:
        await process.close()


def test_the_configuration_loads_the_voice_that_it_names(make_vits: Callable[..., Path], tmp_path: Path) -> None:
    model = str(make_vits(tmp_path, speakers=("ann", "bob")))
    config = Config(tts=TtsConfig(engine="vits", model=model), gpu=GpuConfig(device="cpu", dtype="bfloat16"))
    assert load_tts(config).voices() == ("ann", "bob")
    assert batch_rules(config)["tts"].max_batch == 8
