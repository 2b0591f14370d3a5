"""A cloned voice needs its owner's signed consent: for this recording, this persona, this long, and not taken back."""

import json
import stat
import time
from collections.abc import Callable
from pathlib import Path

import jwt
import pytest

from server.inference.wire import Done, pack, unpack
from server.voice_consent import voice_command
from speech.consent import ALGORITHM, TYPE, Clone, VoiceConsentError, VoiceConsents

DAY_S = 86_400.0
RECORDING = b"RIFF: thirty seconds of Nova reading a story"


class House:
    """A folder with Nova's keys, her recording and her record, all good until a test spoils something."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = time.time()
        self.recording = folder / "nova.wav"
        self.recording.write_bytes(RECORDING)
        self.record = folder / "nova.consent"
        self.revoked = folder / "revoked.txt"
        self.revoked.write_text("# nobody yet\n", "utf-8")
        self.owners = {"Nova Reyes": folder / "nova.key.pub"}
        assert self.say("make", str(folder / "nova.key")) == 0
        assert self.sign() == 0

    def say(self, *words: str) -> int:
        self.said = ""

        def hear(text: str) -> None:
            self.said += text

        return voice_command(["consent", *words], hear)

    def sign(self, **other: str) -> int:
        told = {
            "key": str(self.folder / "nova.key"), "owner": "Nova Reyes", "persona": "nova", "until": "2099-01-01",
            "purpose": "fan calls", "recording": str(self.recording), "out": str(self.record), **other,
        }  # fmt: skip
        return self.say("sign", *(word for key, value in told.items() for word in (f"--{key}", value)))

    def check(self) -> int:
        return self.say(
            "check", "--owner", "Nova Reyes", "--persona", "nova", "--key", str(self.owners["Nova Reyes"]),
            "--record", str(self.record), "--recording", str(self.recording), "--revoked", str(self.revoked),
        )  # fmt: skip

    def consents(self, persona: str = "nova") -> VoiceConsents:
        clone = Clone("nova-voice", persona, self.recording, self.record)
        return VoiceConsents([clone], self.owners, self.revoked, lambda: self.now)

    def id(self) -> str:
        return str(jwt.decode(self.record.read_text().strip(), options={"verify_signature": False})["jti"])

    def forge(self, header: dict[str, str], key: bytes, algorithm: str, **claims: object) -> None:
        good = jwt.decode(self.record.read_text().strip(), options={"verify_signature": False})
        self.record.write_text(jwt.encode({**good, **claims}, key, algorithm, {"typ": TYPE, **header}), "ascii")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def refused(house: House, persona: str = "nova") -> str:
    with pytest.raises(VoiceConsentError) as caught:
        house.consents(persona)
    assert str(caught.value).startswith(f"{caught.value.refusal}: ")
    return caught.value.refusal


def test_a_consented_voice_gives_exactly_the_bytes_that_were_signed(house: House) -> None:
    consents = house.consents()
    assert consents.voices() == ("nova-voice",)
    house.recording.write_bytes(b"somebody else, put there after the check")
    assert consents.recording("nova-voice") == RECORDING
    consents.check("a studio voice, which is nobody's clone")


def test_the_private_key_is_for_its_owner_alone_and_never_overwritten(house: House) -> None:
    key = house.folder / "nova.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    assert house.say("make", str(key)) == 1
    assert key.read_bytes() == before
    assert b"PRIVATE" not in (house.folder / "nova.key.pub").read_bytes()
    assert before.decode() not in house.said


def test_whoever_checks_is_told_who_agreed_to_what(house: House) -> None:
    assert house.check() == 0
    assert house.said.startswith("it holds: Nova Reyes lets nova speak so until 2099-01-01: fan calls")


def test_a_record_for_another_recording_is_refused(house: House) -> None:
    house.recording.write_bytes(RECORDING + b".")
    assert refused(house) == "voice_consent_other_recording"
    assert house.check() == 1
    assert house.said.startswith("error voice_consent_other_recording: ")


def test_a_record_for_another_persona_is_refused(house: House) -> None:
    assert refused(house, "milo") == "voice_consent_other_persona"


def test_a_record_that_ended_or_has_not_begun_is_refused(house: House) -> None:
    house.now -= DAY_S
    assert refused(house) == "voice_consent_not_yet"
    house.now += 200 * 365 * DAY_S
    assert refused(house) == "voice_consent_expired"


def test_nobody_signs_for_a_day_that_is_over(house: House) -> None:
    assert house.sign(until="2020-01-01") == 1
    assert "2020-01-01 is over" in house.said


def test_another_keys_signature_is_refused(house: House) -> None:
    house.say("make", str(house.folder / "other.key"))
    house.sign(key=str(house.folder / "other.key"))
    assert refused(house) == "voice_consent_bad_signature"


def test_a_changed_record_is_refused(house: House) -> None:
    head, body, signature = house.record.read_text().strip().split(".")
    padded = jwt.utils.base64url_decode(body)
    changed = jwt.utils.base64url_encode(json.dumps({**json.loads(padded), "persona": "milo"}).encode()).decode()
    house.record.write_text(f"{head}.{changed}.{signature}", "ascii")
    assert refused(house, "milo") == "voice_consent_bad_signature"


def test_an_owner_whose_key_nobody_named_is_refused(house: House) -> None:
    house.sign(owner="Somebody Else")
    assert refused(house) == "voice_consent_unknown_owner"


@pytest.mark.filterwarnings("ignore:.*HMAC key.*")
def test_a_record_signed_with_the_public_key_as_a_secret_is_refused(house: House) -> None:
    house.forge({}, b"a secret that is long enough for SHA-256", "HS256")
    assert refused(house) == "voice_consent_unreadable"


@pytest.mark.parametrize("kind", ["JWT", "stagedoor-join+jwt"])
def test_something_else_that_the_owner_signed_is_no_consent(house: House, kind: str) -> None:
    house.forge({"typ": kind}, (house.folder / "nova.key").read_bytes(), ALGORITHM)
    assert refused(house) == "voice_consent_unreadable"


def test_a_record_without_an_end_is_refused(house: House) -> None:
    house.forge({}, (house.folder / "nova.key").read_bytes(), ALGORITHM, exp=None)
    assert refused(house) == "voice_consent_unreadable"


@pytest.mark.parametrize("text", ["", "not a record", "a.b.c", "\ud83d"])
def test_what_is_no_record_is_refused(house: House, text: str) -> None:
    house.record.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert refused(house) == "voice_consent_unreadable"


@pytest.mark.parametrize("missing", ["record", "recording"])
def test_what_is_not_there_is_refused(house: House, missing: str) -> None:
    getattr(house, missing).unlink()
    assert refused(house) == "voice_consent_missing"


def test_a_public_key_that_is_none_is_refused(house: House) -> None:
    house.owners["Nova Reyes"].write_text("-----BEGIN CERTIFICATE-----\n", "ascii")
    assert refused(house) == "voice_consent_unreadable"


def test_a_consent_taken_back_is_refused_at_start(house: House) -> None:
    house.revoked.write_text(f"{house.id()}  # Nova wrote on Monday\n", "utf-8")
    assert refused(house) == "voice_consent_revoked"


def end_by_the_clock(house: House) -> str:
    house.now += 200 * 365 * DAY_S
    return "voice_consent_expired"


def take_it_back(house: House) -> str:
    house.revoked.write_text(f"# list\n{house.id()}\n", "utf-8")
    return "voice_consent_revoked"


def lose_the_list(house: House) -> str:
    house.revoked.unlink()
    return "voice_revocations_unreadable"


@pytest.mark.parametrize("spoil", [end_by_the_clock, take_it_back, lose_the_list])
def test_a_consent_that_ends_while_it_is_used_is_noticed(house: House, spoil: Callable[[House], str]) -> None:
    consents = house.consents()
    consents.check("nova-voice")
    expected = spoil(house)
    for ask in (consents.check, consents.recording):
        with pytest.raises(VoiceConsentError) as caught:
            ask("nova-voice")
        assert caught.value.refusal == expected


def test_a_refusal_keeps_its_code_on_the_way_out_of_a_process() -> None:
    error = VoiceConsentError("voice_consent_expired", "Nova agreed until 2026-01-01")
    (back,) = unpack([bytes(part) for part in pack(Done(1, (error,)))]).results
    assert (back.refusal, str(back)) == (error.refusal, str(error))
