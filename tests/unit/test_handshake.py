"""The life of a connection, read as transcripts; then every pair of phase and message."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import DisclosureRequiredError, IllegalStateError, NotAllowedError
from protocol.event_messages import HostAct, Reaction
from protocol.handshake import LEGAL, Handshake, Phase
from protocol.messages import (
    AudioChunk,
    ClientMessage,
    ConsentChange,
    Consents,
    DisclosureAcknowledged,
    FanFace,
    FanPose,
    Hello,
    Interrupt,
    Leave,
    Ping,
    PlaybackMark,
    TextInput,
)
from protocol.visit_messages import ForgetMemory, Satisfaction

SOUND = AudioChunk(b"\0\0")
TEXT = TextInput("hi")
ONE_OF_EACH: tuple[ClientMessage, ...] = (
    Hello(),
    DisclosureAcknowledged(),
    SOUND,
    TEXT,
    PlaybackMark(1, 400),
    FanPose((0.0, 1.6, 1.0)),
    FanFace(heart_bpm=70.0),
    Interrupt(),
    ConsentChange(Consents(memory=True)),
    Satisfaction(4),
    ForgetMemory(),
    Reaction("heart"),
    HostAct("a1", "pause"),
    Ping(),
    Leave(),
)


def after(*messages: ClientMessage) -> Handshake:
    handshake = Handshake()
    for message in messages:
        handshake.receive(message)
    return handshake


def test_one_of_each_is_really_one_of_each() -> None:
    assert {type(message) for message in ONE_OF_EACH} == set(get_args(ClientMessage))


def test_a_whole_visit() -> None:
    client = Handshake()
    assert client.phase is Phase.NEW
    assert client.receive(Ping(1)) is Phase.NEW
    assert client.receive(Hello()) is Phase.UNDISCLOSED
    assert client.receive(ConsentChange(Consents())) is Phase.UNDISCLOSED
    assert client.receive(DisclosureAcknowledged()) is Phase.OPEN
    assert client.receive(SOUND) is Phase.OPEN
    assert client.receive(TEXT) is Phase.OPEN
    assert client.receive(PlaybackMark(1, 2400)) is Phase.OPEN
    assert client.receive(Interrupt()) is Phase.OPEN
    assert client.receive(Leave()) is Phase.CLOSED


@pytest.mark.parametrize("said", [SOUND, TEXT])
def test_nothing_is_heard_before_the_disclosure_was_acknowledged(said: ClientMessage) -> None:
    client = after(Hello())
    with pytest.raises(DisclosureRequiredError, match="was dropped"):
        client.receive(said)
    assert client.receive(DisclosureAcknowledged()) is Phase.OPEN
    assert client.receive(said) is Phase.OPEN


@pytest.mark.parametrize("said", [SOUND, TEXT])
def test_before_hello_there_is_nobody_to_disclose_to(said: ClientMessage) -> None:
    with pytest.raises(IllegalStateError, match="not legal while new"):
        Handshake().receive(said)


def test_the_acknowledgement_cannot_come_before_hello() -> None:
    client = Handshake()
    with pytest.raises(IllegalStateError):
        client.receive(DisclosureAcknowledged())
    client.receive(Hello())
    with pytest.raises(DisclosureRequiredError):
        client.receive(SOUND)


def test_a_second_hello_is_illegal_and_undoes_nothing() -> None:
    client = after(Hello(), DisclosureAcknowledged())
    with pytest.raises(IllegalStateError, match="hello is not legal while open"):
        client.receive(Hello(name="somebody else"))
    assert client.receive(SOUND) is Phase.OPEN


def test_whoever_left_is_gone() -> None:
    client = after(Leave())
    for message in ONE_OF_EACH:
        with pytest.raises(IllegalStateError, match="while closed"):
            client.receive(message)


@pytest.mark.parametrize("message", ONE_OF_EACH, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("phase", Phase)
def test_every_pair_of_phase_and_message(phase: Phase, message: ClientMessage) -> None:
    client = Handshake()
    client.phase = phase
    expected = LEGAL.get((phase, type(message)))
    if expected is not None:
        assert client.receive(message) is expected
        assert client.phase is expected
    else:
        with pytest.raises((IllegalStateError, DisclosureRequiredError, NotAllowedError)):
            client.receive(message)
        assert client.phase is phase


@given(st.lists(st.sampled_from(ONE_OF_EACH), max_size=30))
def test_no_order_of_messages_gets_sound_past_the_disclosure(messages: list[ClientMessage]) -> None:
    client = Handshake()
    accepted: list[type] = []
    for message in messages:
        try:
            client.receive(message)
        except (IllegalStateError, DisclosureRequiredError, NotAllowedError):
            continue
        accepted.append(type(message))
    for i, kind in enumerate(accepted):
        if kind in (AudioChunk, TextInput):
            assert Hello in accepted[:i]
            assert DisclosureAcknowledged in accepted[:i]
            assert Leave not in accepted[:i]


@pytest.mark.parametrize(
    ("role", "message"),
    [("fan", HostAct("a1", "end")), ("fan", Reaction("heart")), ("spectator", HostAct("a1", "end")),
     ("host", Reaction("heart"))],
)  # fmt: skip
def test_what_is_anothers_role_is_refused_by_its_name(role: str, message: ClientMessage) -> None:
    client = after(Hello())
    client.take_role(role)
    if role == "fan":
        client.receive(DisclosureAcknowledged())
    with pytest.raises(NotAllowedError, match=f"is not for a {role}"):
        client.receive(message)


@pytest.mark.parametrize("said", [SOUND, TEXT, ConsentChange(Consents(audience=True)), Interrupt()])
def test_a_spectator_only_watches(said: ClientMessage) -> None:
    client = after(Hello())
    client.take_role("spectator")
    with pytest.raises(IllegalStateError, match="while watching"):
        client.receive(said)
