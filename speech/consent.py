"""May this voice be cloned? Only with a record that its owner signed, for this recording, this persona and this long.

A record is one line: a JSON Web Signature (RFC 7515) with Ed25519 (RFC 8037) over who owns the voice, what it may be
used for and the SHA-256 of the reference recording. The operator names each owner's public key; nothing a record says
counts before its signature held. What comes next: engines/xtts.py clones what `recording` gives, and asks `check` at
each clause.
"""

import hashlib
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import jwt
import msgspec
from msgspec import Struct

from protocol.errors import EngineError

TYPE: Final = "stagedoor-voice-consent+jwt"  # so that no other signed thing of the owner's is mistaken for a consent
ALGORITHM: Final = "EdDSA"

Refusal = Literal[
    "voice_consent_missing",
    "voice_consent_unreadable",
    "voice_consent_unknown_owner",
    "voice_consent_bad_signature",
    "voice_consent_not_yet",
    "voice_consent_expired",
    "voice_consent_other_recording",
    "voice_consent_other_persona",
    "voice_consent_revoked",
    "voice_revocations_unreadable",
]


class VoiceConsentError(EngineError):
    """A cloned voice may not be used; `refusal` says why, and begins the message."""

    def __init__(self, refusal: Refusal, said: str) -> None:
        super().__init__(f"{refusal}: {said}")
        self.refusal: Refusal = refusal

    def __reduce__(self) -> tuple[object, ...]:
        """It crosses from the engines' process to the hall."""
        return type(self), (self.refusal, str(self).partition(": ")[2])


class Consent(Struct, frozen=True):
    """What the owner of a voice agreed to. Instants are seconds since 1970."""

    owner: str = msgspec.field(name="sub")
    persona: str
    purpose: str
    recording_sha256: str
    signed_at: float = msgspec.field(name="iat")
    expires_at: float = msgspec.field(name="exp")
    id: str = msgspec.field(name="jti", default_factory=lambda: str(uuid.uuid4()))


def sign(consent: Consent, private_key_pem: bytes) -> str:
    """The record. Raises ValueError for a key that is not an Ed25519 private key."""
    try:
        return jwt.encode(msgspec.to_builtins(consent), private_key_pem, ALGORITHM, {"typ": TYPE})
    except (jwt.PyJWTError, TypeError, AttributeError) as error:
        raise ValueError(f"not an Ed25519 private key: {type(error).__name__}") from error


def read(record: str, owners: Mapping[str, bytes]) -> Consent:
    """What the record says, if it was signed with the key (PEM) of the owner that it names.

    Raises VoiceConsentError.
    """
    try:
        header = jwt.get_unverified_header(record)
        claimed = jwt.decode(record, options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise VoiceConsentError("voice_consent_unreadable", f"it is no signed record: {error}") from error
    if header.get("typ") != TYPE or header.get("alg") != ALGORITHM:
        raise VoiceConsentError("voice_consent_unreadable", f"it is not a {TYPE} signed with {ALGORITHM}")
    owner = claimed.get("sub")
    if not isinstance(owner, str) or owner not in owners:
        raise VoiceConsentError("voice_consent_unknown_owner", f"cloning.owners names no public key of {owner!r}")
    try:  # instants are checked in `current`, by a clock that tests can set
        claims = jwt.decode(record, owners[owner], [ALGORITHM], options={"verify_exp": False, "verify_iat": False})
        return msgspec.convert(claims, Consent)
    except jwt.InvalidSignatureError as error:
        raise VoiceConsentError(
            "voice_consent_bad_signature", f"it was not signed with {owner}'s key, or changed since"
        ) from error
    except (jwt.PyJWTError, msgspec.ValidationError, ValueError, TypeError, AttributeError) as error:
        raise VoiceConsentError("voice_consent_unreadable", f"{type(error).__name__}: {error}") from error


def current(consent: Consent, now: float, revoked: frozenset[str]) -> None:
    """Raises VoiceConsentError for a consent that does not hold at this moment."""
    if consent.id in revoked:
        raise VoiceConsentError("voice_consent_revoked", "the owner of the voice took the consent back")
    if now < consent.signed_at:
        raise VoiceConsentError("voice_consent_not_yet", f"it holds from {_day(consent.signed_at)} on")
    if now >= consent.expires_at:
        raise VoiceConsentError(
            "voice_consent_expired", f"{consent.owner}'s consent ended on {_day(consent.expires_at)}"
        )


def matching(consent: Consent, persona: str, recording: bytes) -> None:
    """Raises VoiceConsentError for a consent to something else."""
    if consent.persona != persona:
        raise VoiceConsentError("voice_consent_other_persona", f"it is for {consent.persona!r}, not for {persona!r}")
    if consent.recording_sha256 != sha256_of(recording):
        raise VoiceConsentError("voice_consent_other_recording", "it is for another recording than the one configured")


def sha256_of(recording: bytes) -> str:
    """How a record names a recording."""
    return hashlib.sha256(recording).hexdigest()


@dataclass(frozen=True, slots=True)
class Clone:
    """A voice that is to be cloned: for whom, from which recording, by which record."""

    voice: str
    persona: str
    recording: Path
    record: Path


class VoiceConsents:
    """The clones of a house and the consents for them. Voices that are no clones need none."""

    def __init__(
        self,
        clones: Sequence[Clone] = (),
        owners: Mapping[str, Path] | None = None,
        revoked: Path | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`owners`: each owner's public key, a PEM file. `revoked`: ids of consents that were taken back, one a line;
        it is read again whenever it changed. Raises VoiceConsentError for the first clone that is not consented to.
        """
        self._now = now
        self._revocations = _Revocations(revoked)
        keys = {owner: _bytes(path, f"{owner}'s public key") for owner, path in (owners or {}).items()}
        self._held: dict[str, tuple[Consent, bytes]] = {}
        for clone in clones:
            try:
                self._held[clone.voice] = self._admitted(clone, keys)
            except VoiceConsentError as error:
                said = str(error).partition(": ")[2]
                raise VoiceConsentError(error.refusal, f"the voice {clone.voice!r}: {said}") from error

    def _admitted(self, clone: Clone, keys: Mapping[str, bytes]) -> tuple[Consent, bytes]:
        consent = read(_bytes(clone.record, "the record").decode("ascii", "replace").strip(), keys)
        recording = _bytes(clone.recording, "the recording")
        matching(consent, clone.persona, recording)
        current(consent, self._now(), self._revocations.ids())
        return consent, recording

    def voices(self) -> tuple[str, ...]:
        """The clones."""
        return tuple(self._held)

    def recording(self, voice: str) -> bytes:
        """The very bytes that were consented to. Raises VoiceConsentError."""
        self.check(voice)
        return self._held[voice][1]

    def check(self, voice: str) -> None:
        """Raises VoiceConsentError when this voice is a clone and its consent does not hold now."""
        if held := self._held.get(voice):
            current(held[0], self._now(), self._revocations.ids())


class _Revocations:
    """The list of what was taken back. A list that is named and cannot be read allows nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._ids: frozenset[str] = frozenset()

    def ids(self) -> frozenset[str]:
        if self._path is None:
            return self._ids
        try:
            found = self._path.stat()
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
            if seen != self._seen:
                lines = (line.partition("#")[0].strip() for line in self._path.read_text("utf-8").splitlines())
                self._ids, self._seen = frozenset(filter(None, lines)), seen
        except (OSError, UnicodeDecodeError) as error:
            raise VoiceConsentError(
                "voice_revocations_unreadable", f"cloning.revoked is {self._path}: {type(error).__name__}"
            ) from error
        return self._ids


def _bytes(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise VoiceConsentError("voice_consent_missing", f"{what} cannot be read: {path}: {error.strerror}") from error


def _day(instant: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(instant))
