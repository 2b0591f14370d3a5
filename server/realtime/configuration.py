"""`session.update`: what of it is done, what is ignored by its name, and what is refused. Pure.

A stock client sends its whole configuration whether anybody set it or not. What contradicts how this server speaks
(other formats, text instead of voice, tools) is refused, and then nothing of the update holds. What the creator's
persona decides (voice, instructions) or what nobody would miss is ignored, and `avatar.ignored` says so.
What comes next: talk.py answers with `session.updated`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from protocol.timeline import OUTPUT_RATE_HZ
from server.realtime.client_events import RefusedError

AUDIO_FORMAT: Final[Mapping[str, Any]] = {"type": "audio/pcm", "rate": OUTPUT_RATE_HZ}

TurnDetection = Literal["server_vad", "semantic_vad"]

_NAME_CHARS: Final = 64
_NAMED: Final = 8

_PERSONA: Final = "the creator's persona decides it"
_OURS: Final = "the server decides it"
_IGNORED: Final = {
    "model": _OURS,
    "instructions": _PERSONA,
    "prompt": _PERSONA,
    "max_output_tokens": _OURS,
    "truncation": _OURS,
    "tracing": "nothing is traced to OpenAI",
    "include": "there are no log probabilities",
    "reasoning": _OURS,
    "temperature": _OURS,
    "tool_choice": "there are no tools",
    "parallel_tool_calls": "there are no tools",
    "metadata": "nothing is kept",
}
_IGNORED_INPUT: Final = {"noise_reduction": _OURS}
_IGNORED_OUTPUT: Final = {"voice": _PERSONA, "speed": _PERSONA}
_IGNORED_DETECTION: Final = dict.fromkeys(
    ("threshold", "prefix_padding_ms", "silence_duration_ms", "idle_timeout_ms", "eagerness"),
    "the server's own turn models decide when a turn is over",
)
_IGNORED_TRANSCRIPTION: Final = dict.fromkeys(("model", "prompt", "delay"), _OURS) | {
    "language": "give it in the address: /v1/realtime?language=de"
}
#: Values that ask for nothing, or for what is so anyway.
_DEFAULTS: Final[Mapping[str, tuple[Any, ...]]] = {
    "tool_choice": ("auto", "none"),
    "max_output_tokens": ("inf",),
    "speed": (1, 1.0),
    "eagerness": ("auto",),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a client may choose. turn_detection None: the client says itself when a turn is over."""

    turn_detection: TurnDetection | None = "semantic_vad"


@dataclass(slots=True)
class Reading:
    """One configuration while it is read: the names that were ignored, and why."""

    ignored: dict[str, str] = field(default_factory=dict)

    def part(self, of: Mapping[str, Any], name: str, path: str) -> Mapping[str, Any]:
        """A nested object; empty where there is none. Raises RefusedError for anything else."""
        value = of.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise RefusedError("invalid_type", f"{path} must be an object", path)
        return value

    def skip(self, of: Mapping[str, Any], names: Mapping[str, str], path: str) -> None:
        """Notes what is there and ignored."""
        for name, why in names.items():
            value = of.get(name)
            if value not in (None, "", [], {}, *_DEFAULTS.get(name, ())):
                self.ignored[path + name] = why


def read_settings(settings: Settings, asked: Mapping[str, Any]) -> tuple[Settings, dict[str, str]]:
    """The settings after `session.update`, and what of it was ignored: name -> why. Raises RefusedError."""
    if asked.get("type", "realtime") != "realtime":
        raise RefusedError("unsupported", "only sessions of type `realtime` are supported", "session.type")
    reading = Reading()
    _check_common(reading, asked, "session")
    audio = reading.part(asked, "audio", "session.audio")
    heard = reading.part(audio, "input", "session.audio.input")
    _check_format(heard, "session.audio.input.format")
    _check_output(reading, audio, "session")
    reading.skip(heard, _IGNORED_INPUT, "session.audio.input.")
    transcription = reading.part(heard, "transcription", "session.audio.input.transcription")
    reading.skip(transcription, _IGNORED_TRANSCRIPTION, "session.audio.input.transcription.")
    if "turn_detection" in heard:
        settings = replace(settings, turn_detection=_read_detection(reading, heard))
    return settings, reading.ignored


def check_response(asked: Mapping[str, Any]) -> dict[str, str]:
    """What of a `response.create` is ignored: name -> why. Raises RefusedError for what is refused."""
    reading = Reading()
    _check_common(reading, asked, "response")
    _check_output(reading, reading.part(asked, "audio", "response.audio"), "response")
    if asked.get("conversation") not in (None, "auto"):
        raise RefusedError("unsupported", "every response belongs to the conversation", "response.conversation")
    if asked.get("input"):
        raise RefusedError("unsupported", "a response answers the conversation only", "response.input")
    return reading.ignored


def _check_common(reading: Reading, asked: Mapping[str, Any], path: str) -> None:
    modalities = asked.get("output_modalities")
    if modalities is not None and modalities != ["audio"]:
        where = f"{path}.output_modalities"
        raise RefusedError("unsupported", 'the avatar speaks: only ["audio"] (with its transcript)', where)
    if tools := asked.get("tools"):
        raise RefusedError("unsupported", f"the avatar has no tools; asked for: {_named(tools)}", f"{path}.tools")
    reading.skip(asked, _IGNORED, f"{path}.")


def _named(tools: Any) -> str:
    """The tools by name, or by kind where they have none; what came may be anything."""
    listed = tools if isinstance(tools, list) else []
    names = [str(tool.get("name") or tool.get("type")) for tool in listed if isinstance(tool, dict)]
    return ", ".join(name[:_NAME_CHARS] for name in names[:_NAMED]) or "no list of them"


def _check_output(reading: Reading, audio: Mapping[str, Any], path: str) -> None:
    spoken = reading.part(audio, "output", f"{path}.audio.output")
    _check_format(spoken, f"{path}.audio.output.format")
    reading.skip(spoken, _IGNORED_OUTPUT, f"{path}.audio.output.")


def _check_format(of: Mapping[str, Any], path: str) -> None:
    given = of.get("format")
    if given is None:
        return
    known = isinstance(given, dict) and given.get("type") == "audio/pcm"
    if not known or given.get("rate") not in (None, OUTPUT_RATE_HZ):
        raise RefusedError("unsupported", 'audio is {"type": "audio/pcm", "rate": 24000} both ways', path)


def _read_detection(reading: Reading, heard: Mapping[str, Any]) -> TurnDetection | None:
    path = "session.audio.input.turn_detection"
    if heard["turn_detection"] is None:
        return None
    asked = reading.part(heard, "turn_detection", path)
    kind = asked.get("type")
    for name in ("create_response", "interrupt_response"):
        if asked.get(name) is False:
            message = f"with turn detection the avatar answers and can be interrupted; {name} cannot be false"
            raise RefusedError("unsupported", message, f"{path}.{name}")
    reading.skip(asked, _IGNORED_DETECTION, f"{path}.")
    if kind == "server_vad":
        return "server_vad"
    if kind == "semantic_vad":
        return "semantic_vad"
    raise RefusedError("invalid_value", "turn_detection is server_vad, semantic_vad or null", f"{path}.type")
