"""From the configuration to the clones: which persona, which recording, which record."""

import shutil
from pathlib import Path

import pytest

from avatar.persona import PersonaError, load_personas
from server.commands import check_voices
from server.config import CloningConfig, Config, ServerConfig, TtsConfig
from server.voice_clones import consents_to_clone
from server.voice_consent import voice_command
from speech.consent import VoiceConsentError

HOUSE = Path(__file__).parents[2] / "personas"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Nova with a cloned voice, and Milo with a voice of the model's."""
    personas, voices = tmp_path / "personas", tmp_path / "voices"
    shutil.copytree(HOUSE, personas, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    voices.mkdir()
    nova = personas / "nova.toml"
    cloned = 'voice = "nova"\nvoice_consent = "nova.consent"'
    nova.write_text(nova.read_text("utf-8").replace('voice = "heart"', cloned), "utf-8")
    (voices / "nova.wav").write_bytes(b"her voice")
    key = tmp_path / "nova.key"
    assert voice_command(["consent", "make", str(key)], lambda _: None) == 0
    told = ["--owner", "Nova", "--persona", "nova", "--purpose", "fan calls", "--until", "2099-01-01"]
    files = ["--key", str(key), "--recording", str(voices / "nova.wav"), "--out", str(voices / "nova.consent")]
    assert voice_command(["consent", "sign", *told, *files], lambda _: None) == 0
    return Config(
        server=ServerConfig(personas=str(personas)),
        tts=TtsConfig(engine="xtts", model="anywhere"),
        cloning=CloningConfig(folder=str(voices), owners={"Nova": f"{key}.pub"}),
    )


def test_a_persona_with_a_consent_has_a_clone_of_its_own(config: Config) -> None:
    consents = consents_to_clone(config)
    assert consents.voices() == ("nova@nova",)
    assert consents.recording("nova@nova") == b"her voice"
    check_voices(load_personas(Path(config.server.personas)).values(), ("nova@nova", "heart"))


def test_without_the_record_nothing_begins(config: Config) -> None:
    (Path(config.cloning.folder) / "nova.consent").unlink()
    with pytest.raises(VoiceConsentError, match="voice_consent_missing: the voice 'nova@nova'"):
        consents_to_clone(config)


def test_another_persona_cannot_have_the_voice_with_the_same_record(config: Config) -> None:
    nova = Path(config.server.personas) / "nova.toml"
    nova.rename(nova.with_name("impostor.toml"))
    with pytest.raises(VoiceConsentError, match="voice_consent_other_persona"):
        consents_to_clone(config)


def test_an_engine_that_clones_nothing_says_so(config: Config) -> None:
    assert consents_to_clone(Config(server=config.server)).voices() == ()
    with pytest.raises(PersonaError, match=r"nova: voice_consent: nothing clones 'nova': it needs tts\.engine xtts"):
        check_voices(load_personas(Path(config.server.personas)).values(), ("heart",))
