"""`stagedoor voice consent make | sign | check`: the owner of a voice makes keys and signs; anybody checks.

The private key stays in its owner's file, which only its owner can read. What comes next: speech/consent.py, which the
server asks with the same record.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from speech.consent import Clone, Consent, VoiceConsentError, VoiceConsents, read, sha256_of, sign

Writer = Callable[[str], object]
_DAY_S: Final = 86_400


def voice_command(argv: Sequence[str], write: Writer | None = None) -> int:
    """Runs `stagedoor voice` with these arguments; answers 0, or 1 when something is wrong, with its code.

    Raises SystemExit for arguments that cannot be understood.
    """
    asked = _parser().parse_args(argv)
    write = write or sys.stdout.write
    commands = {"make": _make, "sign": _sign, "check": _check}
    try:
        commands[asked.command](asked, write)
    except VoiceConsentError as error:
        write(f"error {error}\n")
        return 1
    except (OSError, ValueError) as error:
        write(f"error: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stagedoor voice", description="The consent of a voice's owner.")
    parser.add_argument("subject", choices=["consent"])
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="a pair of keys: KEY, which stays with the owner, and KEY.pub")
    make.add_argument("key", type=Path)
    for_signing = commands.add_parser("sign", help="write a record, as the owner")
    for_signing.add_argument("--key", type=Path, required=True, help="the owner's private key")
    for_signing.add_argument("--owner", required=True, help="the owner's name, as in cloning.owners")
    for_signing.add_argument("--purpose", required=True, help="what the voice may be used for, in a sentence")
    for_signing.add_argument("--until", type=date.fromisoformat, required=True, help="the last day: 2027-06-30")
    for_signing.add_argument("--out", type=Path, required=True, help="where the record goes")
    for_checking = commands.add_parser("check", help="does a record hold?")
    for_checking.add_argument("--owner", required=True)
    for_checking.add_argument("--key", type=Path, required=True, help="the owner's public key")
    for_checking.add_argument("--record", type=Path, required=True)
    for_checking.add_argument("--revoked", type=Path, help="the list of consents taken back")
    for each in (for_signing, for_checking):
        each.add_argument("--recording", type=Path, required=True, help="the reference recording")
        each.add_argument("--persona", required=True, help="the id of the persona that may speak so")
    return parser


def _make(asked: argparse.Namespace, write: Writer) -> None:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    # Never over an existing key, and unreadable to others from its first moment on.
    with os.fdopen(os.open(asked.key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(private)
    public_path = asked.key.with_name(f"{asked.key.name}.pub")
    public_path.write_bytes(public)
    write(f"{asked.key}: keep it, and give it to nobody\n{public_path}: give this to the operator\n")


def _sign(asked: argparse.Namespace, write: Writer) -> None:
    expires_at = time.mktime(asked.until.timetuple()) + _DAY_S
    if expires_at <= time.time():
        raise ValueError(f"{asked.until} is over")
    consent = Consent(
        owner=asked.owner,
        persona=asked.persona,
        purpose=asked.purpose,
        recording_sha256=sha256_of(asked.recording.read_bytes()),
        signed_at=int(time.time()),
        expires_at=expires_at,
    )
    asked.out.write_text(sign(consent, asked.key.read_bytes()) + "\n", "ascii")
    write(f"{asked.out}: consent {consent.id}; it is taken back when the operator puts this id on the list\n")


def _check(asked: argparse.Namespace, write: Writer) -> None:
    clone = Clone(asked.recording.stem, asked.persona, asked.recording, asked.record)
    VoiceConsents([clone], {asked.owner: asked.key}, asked.revoked)
    consent = read(asked.record.read_text("ascii").strip(), {asked.owner: asked.key.read_bytes()})
    until = time.strftime("%Y-%m-%d", time.localtime(consent.expires_at - 1))
    write(
        f"it holds: {consent.owner} lets {consent.persona} speak so until {until}: {consent.purpose} ({consent.id})\n"
    )
