"""What a Realtime client is told first: the session as OpenAI describes one, and the avatar beside it. Pure.

What comes next: talk.py sends both in `session.created`.
"""

from typing import Any

import msgspec
from msgspec.structs import replace

from protocol.messages import Limits
from server.realtime.client_events import MAX_EVENT_BYTES
from server.realtime.configuration import AUDIO_FORMAT, Settings
from server.session import Session


def session_object(session: Session, settings: Settings) -> dict[str, Any]:
    """The session's configuration as it really is, whatever was asked for."""
    detection = settings.turn_detection and {
        "type": settings.turn_detection,
        "create_response": True,
        "interrupt_response": True,
    }
    heard = {
        "format": dict(AUDIO_FORMAT),
        "transcription": {"model": "stagedoor"},
        "noise_reduction": None,
        "turn_detection": detection,
    }
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": session.id,
        "model": session.persona.id,
        "output_modalities": ["audio"],
        "instructions": "",  # the persona's are the creator's, and stay here
        "audio": {
            "input": heard,
            "output": {"format": dict(AUDIO_FORMAT), "voice": session.persona.id, "speed": 1.0},
        },
        "tools": [],
        "tool_choice": "none",
        "max_output_tokens": "inf",
        "tracing": None,
        "include": None,
        "truncation": "auto",
    }


def avatar_card(session: Session, limits: Limits) -> dict[str, Any]:
    """What the native `hello` says and OpenAI has no place for: persona, disclosure, face format, limits."""
    persona = session.persona
    card = persona.card
    return {
        "disclosure": persona.disclosure,
        "persona": msgspec.to_builtins(card),
        "face": msgspec.to_builtins(session.presence.format()),
        "limits": msgspec.to_builtins(replace(limits, max_message_bytes=MAX_EVENT_BYTES, max_away_s=0)),
    }
