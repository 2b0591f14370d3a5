"""Piper's voices: real spelling in many languages over a network that the test makes, whose durations are known."""

import json
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper
from piper.phoneme_ids import DEFAULT_PHONEME_ID_MAP

from avatar.visemes import visemes
from protocol.errors import EngineError
from protocol.timeline import OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME
from speech.engines.piper import Piper
from speech.tts import SpeechJob, SpokenChunk, TtsEngine

RATE_HZ = 22_050
HOP = 256
FRAMES_EACH = 4  # every phoneme id lasts so many hops; a phoneme has two: its own and the pad behind it
EACH_SAMPLES = 2 * FRAMES_EACH * HOP * OUTPUT_RATE_HZ / RATE_HZ


def tiny_network() -> onnx.ModelProto:
    """Ids in, a hum out of FRAMES_EACH hops an id, through a Ceil as in every VITS; `scales[1]` makes it slower."""
    nodes = [
        helper.make_node("Cast", ["input"], ["ids"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["ids", "zero"], ["nothing"]),
        helper.make_node("Gather", ["scales", "one"], ["length_scale"]),
        helper.make_node("Mul", ["each", "length_scale"], ["lasting"]),
        helper.make_node("Add", ["nothing", "lasting"], ["lasts"]),
        helper.make_node("Ceil", ["lasts"], ["w_ceil"]),
        helper.make_node("ReduceSum", ["w_ceil"], ["frames"], keepdims=0),
        helper.make_node("Mul", ["frames", "hop"], ["length"]),
        helper.make_node("Range", ["begin", "length", "step"], ["clock"]),
        helper.make_node("Sin", ["clock"], ["hum"]),
        helper.make_node("Mul", ["hum", "quiet"], ["output"]),
    ]
    numbers = {"zero": 0.0, "each": float(FRAMES_EACH), "hop": float(HOP), "begin": 0.0, "step": 1.0, "quiet": 0.3}
    constants = [helper.make_tensor(name, TensorProto.FLOAT, [], [value]) for name, value in numbers.items()]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("input", TensorProto.INT64, [1, "n"]),
            helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
            helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["samples"])],
        [*constants, helper.make_tensor("one", TensorProto.INT64, [], [1])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)


def write_voice(folder: Path, language: str, **changed: object) -> None:
    onnx.save(tiny_network(), folder / f"{language}.onnx")
    config = {
        "audio": {"sample_rate": RATE_HZ},
        "espeak": {"voice": language},
        "num_symbols": len(DEFAULT_PHONEME_ID_MAP),
        "num_speakers": 1,
        "phoneme_id_map": DEFAULT_PHONEME_ID_MAP,
    }
    (folder / f"{language}.onnx.json").write_text(json.dumps(config | changed), "utf-8")


LINES = {
    "de": ("Ich möchte schöne Pfützen sehen.", {"PP", "CH", "ou", "ih"}),
    "fr": ("Bonjour, tu veux un peu de pain ?", {"PP", "CH", "FF", "ou"}),
    "es": ("Hola, guapo, nos vemos pronto.", {"PP", "oh", "kk"}),
    "it": ("Ciao bella, mangiamo gli gnocchi!", {"PP", "CH", "nn"}),
    "pt": ("Muito obrigado, minha irmã.", {"PP", "ou", "nn"}),
    "pl": ("Cześć, dżungla żyje.", {"CH", "ih"}),
    "hi": ("नमस्ते मेरे भाई।", {"PP", "nn", "SS"}),
    "cmn": ("你好,谢谢。", {"nn", "kk", "CH"}),
    "en-us": ("On the 3rd of March, I'm turning 25!", {"TH", "PP", "CH"}),
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> TtsEngine:
    folder = tmp_path_factory.mktemp("voices")
    for language in LINES:
        write_voice(folder, language)
    return Piper(folder)


def say(engine: TtsEngine, language: str, text: str, **how: float) -> SpokenChunk:
    (result,) = engine.run([SpeechJob(text, language, **how)])
    assert isinstance(result, SpokenChunk), result
    return result


@pytest.mark.parametrize("language", LINES)
def test_phonemes_and_words_cover_the_sound_in_every_language(engine: TtsEngine, language: str) -> None:
    text, shapes = LINES[language]
    chunk = say(engine, language, text)
    assert len(chunk.pcm) % SAMPLES_PER_FACE_FRAME == 0
    edges = [0, *(p.end_samples for p in chunk.phonemes)]
    assert [p.start_samples for p in chunk.phonemes] == edges[:-1]
    assert edges[-1] == len(chunk.pcm)
    assert [w.text for w in chunk.words] == text.split()
    times = [at for w in chunk.words for at in (w.start_samples, w.end_samples)]
    assert times == sorted(times)
    assert all(w.end_samples > w.start_samples for w in chunk.words if any(c.isalnum() for c in w.text))
    assert shapes <= {span.viseme for span in visemes(chunk.phonemes)}


def test_each_phoneme_begins_when_the_network_says(engine: TtsEngine) -> None:
    """The voice speaks from the first sample on, so nothing is trimmed; what frames it lends its time to the first."""
    chunk = say(engine, "de", "Tat.")
    begins = [p.start_samples for p in chunk.phonemes]
    assert [p.symbol for p in chunk.phonemes][:3] == ["t", "ˈɑː", "t"]
    # t and the frame before it, then stress, vowel and length in one, then t
    assert begins[:3] == pytest.approx([0, 2 * EACH_SAMPLES, 5 * EACH_SAMPLES], abs=2)


def test_a_mark_that_a_voice_writes_alone_belongs_to_its_letter(engine: TtsEngine) -> None:
    phonemes = say(engine, "de", "Ich.").phonemes
    assert any(p.symbol.startswith("c\u0327") for p in phonemes)  # espeak's ç, in two characters
    assert [span.viseme for span in visemes(phonemes)][:2] == ["ih", "sil"]


def test_faster_is_shorter_and_the_impossible_is_refused(engine: TtsEngine) -> None:
    text = LINES["it"][0]
    assert len(say(engine, "it", text, speed=1.6).pcm) < 0.85 * len(say(engine, "it", text).pcm)
    first, slow, nobody = engine.run([SpeechJob("Ja.", "de"), SpeechJob("Ja.", "de", 0.1), SpeechJob("Ja.", "xx")])
    assert isinstance(first, SpokenChunk)
    assert isinstance(slow, EngineError)
    assert isinstance(nobody, EngineError)


@pytest.mark.parametrize("text", ["", "...", "—?!", "\n"])
def test_what_cannot_be_said_is_an_empty_chunk(engine: TtsEngine, text: str) -> None:
    chunk = say(engine, "fr", text)
    assert (len(chunk.pcm), chunk.phonemes, chunk.words) == (0, (), ())


def test_a_phoneme_that_the_voice_does_not_know_costs_only_itself(tmp_path: Path) -> None:
    known = {symbol: ids for symbol, ids in DEFAULT_PHONEME_ID_MAP.items() if symbol != "ʃ"}
    write_voice(tmp_path, "de", phoneme_id_map=known)
    chunk = say(Piper(tmp_path), "de", "Eine schöne Uhr.")
    assert [w.text for w in chunk.words] == ["Eine", "schöne", "Uhr."]
    assert all(w.end_samples > w.start_samples for w in chunk.words)


def test_what_is_no_voice_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no voice"):
        Piper(tmp_path)
    (tmp_path / "de.onnx").write_bytes(b"not a network")
    (tmp_path / "de.onnx.json").write_text("{}")
    with pytest.raises(EngineError, match=r"de\.onnx"):
        Piper(tmp_path)
