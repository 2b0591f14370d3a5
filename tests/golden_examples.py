"""Golden examples as Python objects: at least one of every message, and one short conversation.

They are written by hand and never random, so a change of a golden file is a change of the wire. golden.py comes
next: it writes them.
"""

import math
from dataclasses import dataclass
from typing import Literal

from msgspec.structs import replace

from avatar.blendshapes import ARKIT_52, INDEX
from protocol.event_messages import (
    Group,
    GroupMember,
    HostAct,
    HostDone,
    HostHealth,
    HostLines,
    HostMood,
    HostQueue,
    HostTopic,
    HostTranscript,
    HostVisit,
    QueueEntry,
    Reaction,
    ReactionCounts,
    Reactions,
    SaidLine,
    StageState,
)
from protocol.handshake import Handshake, Phase
from protocol.messages import (
    AudioChunk,
    ClientMessage,
    ConsentChange,
    Consents,
    DisclosureAcknowledged,
    ErrorMessage,
    FaceFormat,
    FanFace,
    FanPose,
    Hello,
    Interrupt,
    Leave,
    Limits,
    Listening,
    Notice,
    PersonaCard,
    Ping,
    PlaybackMark,
    Pong,
    ReplyCancelled,
    ReplyChunk,
    ReplyDuck,
    Resume,
    ServerMessage,
    Stage,
    TextInput,
    Transcript,
    TurnReport,
    Welcome,
)
from protocol.packets import join_packets
from protocol.timeline import (
    FACE_FPS,
    OUTPUT_RATE_HZ,
    SAMPLES_PER_FACE_FRAME,
    AudioFormat,
    EmotionCue,
    GestureCue,
    PostureCue,
    VisemeSpan,
    WordSpan,
)
from protocol.visit_messages import (
    EventCard,
    ForgetMemory,
    KeepsakeState,
    QueuePlace,
    Remembered,
    Satisfaction,
    SlotTime,
)

Direction = Literal["up", "down"]


def tone(n_samples: int, rate_hz: int) -> bytes:
    """A quiet 440 Hz tone as PCM16."""
    wave = (round(8000 * math.sin(2 * math.pi * 440 * n / rate_hz)) for n in range(n_samples))
    return b"".join(sample.to_bytes(2, "little", signed=True) for sample in wave)


def face(*jaws: int) -> bytes:
    """Face frames, one for each opening of the jaw 0..255; both mouth corners smile a little in every one."""
    frames = bytearray()
    for jaw in jaws:
        frame = bytearray(len(ARKIT_52))
        frame[INDEX["jawOpen"]] = jaw
        frame[INDEX["mouthSmileLeft"]] = frame[INDEX["mouthSmileRight"]] = 60
        frames += frame
    return bytes(frames)


HELLO = Hello(
    client="golden/1.0",
    name="Ana María",
    token="header.payload.signature",
    language="en-GB",
    audio_in=AudioFormat("pcm16", 48_000),
    consents=Consents(memory=True),
)

WELCOME = Welcome(
    session_id="0123456789abcdef",
    persona=PersonaCard("nova", "Nova", "she/her", "A singer who writes at night.", "nova"),
    disclosure="Before we start: I am an AI character, not a person.",
    audio_in=HELLO.audio_in,
    audio_out=AudioFormat("pcm16", OUTPUT_RATE_HZ),
    face=FaceFormat(ARKIT_52, FACE_FPS),
    limits=Limits(),
)

CHUNK = ReplyChunk(
    reply_id=7,
    seq=0,
    start_samples=0,
    audio=tone(2 * SAMPLES_PER_FACE_FRAME, OUTPUT_RATE_HZ),
    face=face(20, 140),
    words=(WordSpan("Olá", 100, 700),),
    visemes=(VisemeSpan("sil", 0, 100), VisemeSpan("oh", 100, 350), VisemeSpan("aa", 350, 800)),
    emotion=EmotionCue(0, "joy", 0.75, 0.5),
    gestures=(GestureCue(0, "wave"),),
    head=bytes((0, 0, 0, 8, 254, 3)),  # the second frame nods by 2 degrees
    posture=PostureCue(0, "lean_in", 0.5),
)

LAST_CHUNK = ReplyChunk(reply_id=7, seq=1, start_samples=2 * SAMPLES_PER_FACE_FRAME, audio=b"", face=b"", last=True)

#: 40 ms of the tone as libopus wrote them, at 24 kHz: two packets.
OPUS_TONE = tuple(
    bytes.fromhex(packet)
    for packet in (
        "d87b5af3f6a1d97e1b105b7cc79a0f718840be20e269c4a46353b02a99005daf70eed69b0e392728512f770598aabb9f"
        "37c4ad03bdeed951b95b08dba2995cdbfc6f150b548f414951ff4141d0011f7427dc0075d27e3ee9dbc78afbe5a4ac77"
        "98f910250ae6fa047b",
        "d843b52d7b40f673dbc37e565b74d5012f236cae7146bc56d016a184c0b0b8a0543f226853fcf57864e2872acb332bc2"
        "657ed22c52d64c3b918bc3c8fa9bdd38072da9de99074d3ca9504dbfa7d3216dbdcb3a73b2cbe3699dad94735d9691d1"
        "20f2f359",
    )
)
OPUS_SILENCE = b"\xf8\xff\xfe"  # 20 ms of nothing, in three bytes
OPUS_OUT = AudioFormat("opus", OUTPUT_RATE_HZ, pre_skip_samples=60)

UP: dict[str, ClientMessage] = {
    "hello": HELLO,
    "hello.defaults": Hello(),
    "hello.azure55": Hello(face="azure55"),
    "hello.opus": Hello(audio_in=AudioFormat("opus", 48_000), audio_out=AudioFormat("opus", OUTPUT_RATE_HZ)),
    "hello.resume": Hello(resume=Resume("resume-token-1", reply_id=7, heard_samples=640)),
    "disclosure.acknowledged": DisclosureAcknowledged(),
    "audio.opus": AudioChunk(join_packets([OPUS_SILENCE, OPUS_SILENCE]), seq=4),
    "audio": AudioChunk(tone(160, 16_000), seq=3),
    "text": TextInput("What is your cat called? 🐈"),
    "playback.mark": PlaybackMark(reply_id=7, heard_samples=2400),
    "fan.pose": FanPose((0.25, 1.625, 1.5)),
    "fan.face": FanFace(face(12), heart_bpm=71.5),
    "fan.face.heart": FanFace(heart_bpm=90.0),
    "interrupt": Interrupt(),
    "consent": ConsentChange(Consents(recording=True, memory=True, emotion_sensing=True)),
    "satisfaction": Satisfaction(stars=5),
    "memory.forget": ForgetMemory(),
    "reaction": Reaction("applause"),
    "host.act": HostAct("a1", "direct", visit_id="v1", text="mention the tour"),
    "host.act.topic": HostAct("a2", "topic", visit_id="v1", text="the new album", allow=True),
    "host.act.extend": HostAct("a3", "extend", ticket_id="t1", seconds=60.0),
    "host.act.reorder": HostAct("a4", "reorder", ticket_id="t2", place=1),
    "ping": Ping(nonce=2**53 - 1),
    "leave": Leave(),
}

DOWN: dict[str, ServerMessage] = {
    "hello": WELCOME,
    "hello.resumed": replace(WELCOME, audio_out=OPUS_OUT, resume_token="resume-token-2", resumed=True),
    "hello.event": replace(WELCOME, event=EventCard("e1", "An evening with Nova", 180.0, spectators=True)),
    "queue": QueuePlace(
        "waiting",
        place=3,
        of=12,
        wait_s=412.5,
        text="You are number 3 of 12; about 7 minutes.",
        title="An evening with Nova",
        persona=WELCOME.persona,
        disclosure=WELCOME.disclosure,
    ),
    "queue.called": QueuePlace("called", text="It is your turn."),
    "slot": SlotTime("last_minute", left_s=60.0),
    "reply.chunk": CHUNK,
    "reply.chunk.opus": ReplyChunk(
        reply_id=8,
        seq=0,
        start_samples=0,
        audio=join_packets(OPUS_TONE),
        face=face(20, 140, 60),
    ),
    "reply.chunk.last": LAST_CHUNK,
    "reply.duck": ReplyDuck(reply_id=7, gain=0.3, ramp_ms=60),
    "reply.cancelled": ReplyCancelled(reply_id=7, reason="barge_in", heard_samples=640),
    "listening": Listening(
        seq=12,
        face=face(0, 4, 8),
        head=bytes(9),
        gestures=(GestureCue(0, "nod"),),
        posture=PostureCue(0, "lean_back", 0.25),
    ),
    "transcript.partial": Transcript(turn_id=3, text="what is your", final=False),
    "transcript": Transcript(turn_id=3, text="What is your cat called?", final=True),
    "turn.report": TurnReport(
        turn_id=3,
        reply_id=7,
        kind="llm",
        voice_to_voice_ms=612.5,
        commit_to_face_ms=41.25,
        stages=(
            Stage("notice_pause", 1000.0, 1210.0),
            Stage("recognise", 1210.0, 1390.5),
            Stage("first_voice", 1480.0, 1571.0),
        ),
    ),
    "notice": Notice("consent", "Your choices were changed and hold from now on."),
    "keepsake": KeepsakeState("/keepsake/5d41402abc4b2a76", "recording", "2026-12-22T20:15:00Z"),
    "memory": Remembered(("I play the cello.", "My dog is called Biscuit."), "happy"),
    "memory.none": Remembered(),
    "hello.spectator": replace(WELCOME, role="spectator", event=EventCard("e1", "An evening with Nova", 180.0, True)),
    "stage": StageState("live", "v1", "Ana"),
    "group": Group(
        "m1", (GroupMember("m1", "Maya", "speaking"), GroupMember("m2", "Ben", "waiting", -30.0)), floor="m1"
    ),
    "transcript.group": Transcript(turn_id=3, text="And how old is she?", final=True, speaker="m2"),
    "stage.private": StageState("private", "v2"),
    "stage.empty": StageState("empty"),
    "reactions": Reactions(ReactionCounts(heart=3, applause=12), watching=180),
    "host.visit": HostVisit("v1", "live", "t1", "Ana", Consents(audience=True), left_s=140.5),
    "host.visit.table": HostVisit("v1", "live", "t1", "Ana", left_s=140.5, table=("v1", "v2")),
    "host.visit.ended": HostVisit("v1", "ended"),
    "host.transcript": HostTranscript("v1", "fan", "What is your cat called?", final=True, line=7, at_ms=61_250.0),
    "host.lines": HostLines(
        "v1", (SaidLine(6, "avatar", "Hello, Ana!", True, 58_000.5), SaidLine(7, "fan", "What is", False, 61_250.0))
    ),
    "host.mood": HostMood("v1", "joy", 0.625, 0.5, 0.75, "a bright voice and happy words"),
    "host.queue": HostQueue(
        (QueueEntry("t1", "Ana", 0, "seated", 0.0, 140.5), QueueEntry("t2", "Ben", 1, "waiting", 200.0)), of=2
    ),
    "host.health": HostHealth(612.5, 900.0, effort=0, sessions=1, spectators=180, waiting=11),
    "host.topic": HostTopic("v1", "family", "proposed"),
    "host.done": HostDone("a1", ok=True),
    "host.done.refused": HostDone("a2", ok=False, code="not_allowed", message="this visit is over"),
    "pong": Pong(nonce=2**53 - 1, server_at_ms=1234.5),
    "error": ErrorMessage("illegal_state", "audio is not legal while new"),
    "error.fatal": ErrorMessage("busy", "all 8 places are taken; try again in a minute", fatal=True),
}


@dataclass(frozen=True)
class Step:
    """One frame of a conversation, and the phase that the connection is in once it has passed."""

    direction: Direction
    phase: Phase
    message: ClientMessage | ServerMessage


#: A fan types, hears the greeting cut short by it, is answered, and leaves.
STORY: tuple[ClientMessage | ServerMessage, ...] = (
    HELLO,
    WELCOME,
    AudioChunk(tone(480, 48_000), seq=0),
    ErrorMessage("disclosure_required", "audio before disclosure.acknowledged was dropped"),
    DisclosureAcknowledged(),
    ReplyChunk(1, 0, 0, tone(800, OUTPUT_RATE_HZ), face(10, 90), words=(WordSpan("Hi!", 0, 760),)),
    TurnReport(0, 1, "prepared", 30.0, 30.0, (Stage("first_voice", 900.0, 930.0),)),
    AudioChunk(tone(480, 48_000), seq=1),
    PlaybackMark(1, 400),
    TextInput("Are you real?"),
    ReplyCancelled(1, "interrupt", 400),
    Transcript(1, "Are you real?", final=True),
    ReplyChunk(
        2,
        0,
        0,
        tone(800, OUTPUT_RATE_HZ),
        face(30, 120),
        words=(WordSpan("No.", 0, 700),),
        visemes=(VisemeSpan("nn", 0, 250), VisemeSpan("oh", 250, 800)),
        emotion=EmotionCue(0, "affection", 0.5, 0.25),
    ),
    TurnReport(1, 2, "disclosure", 35.0, 35.0, (Stage("first_voice", 2000.0, 2035.0),)),
    ReplyChunk(2, 1, 800, b"", b"", last=True),
    PlaybackMark(2, 800),
    Ping(1),
    Pong(1, 3200.0),
    Leave(),
)


def session() -> list[Step]:
    """STORY with its phases. A refused message changes none; raises if any other is not legal where it stands."""
    handshake = Handshake()
    steps: list[Step] = []
    for i, message in enumerate(STORY):
        going_up = isinstance(message, ClientMessage)
        refused = going_up and i + 1 < len(STORY) and isinstance(STORY[i + 1], ErrorMessage)
        if isinstance(message, ClientMessage) and not refused:
            handshake.receive(message)
        steps.append(Step("up" if going_up else "down", handshake.phase, message))
    return steps
