"""The face between replies, and what of it each client gets."""

import asyncio
import dataclasses
from itertools import pairwise

import numpy as np

from avatar.blendshapes import ARKIT_52, INDEX, lip_gap
from avatar.layouts import LAYOUTS
from protocol.messages import FanPose, Interrupt, Listening, ReplyCancelled, ReplyChunk, TextInput, Welcome
from tests.session.virtual import run_virtual
from tests.session.world import World, fan_in

SEAM = 0.15 * 255 + 1
LIDS = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]


def frames(face):
    return np.frombuffer(face, np.uint8).reshape(-1, len(ARKIT_52)).astype(int)


def faces(fan):
    """Everything with a face, in the order of arrival."""
    return [(at, m) for at, m in fan.heard() if isinstance(m, Listening | ReplyChunk) and m.face]


def test_while_the_fan_speaks_the_face_arrives_in_slices_without_a_gap_or_jump() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            await fan.speak(0, words=10)
            slices = [(at, m) for at, m in faces(fan) if isinstance(m, Listening)]
            assert len(slices) > 10
            for (at, before), (later, after) in pairwise(slices):
                assert abs(later - at - len(frames(before.face)) / 60) < 0.01
                jump = np.abs(frames(after.face)[0] - frames(before.face)[-1])
                assert np.delete(jump, LIDS).max() <= SEAM
            assert all(len(m.head) == 3 * len(frames(m.face)) for _, m in slices)
            per_s = sum(len(m.face) + len(m.head) for _, m in slices) / (slices[-1][0] - slices[0][0])
            assert per_s < 4000

    run_virtual(story())


def test_a_reply_has_the_face_to_itself_and_gives_it_back() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            fan.send(TextInput("What is your cat called?"))
            await asyncio.sleep(8)
            kinds = [type(m).__name__ for _, m in faces(fan)]
            first, last = kinds.index("ReplyChunk"), len(kinds) - kinds[::-1].index("ReplyChunk")
            assert set(kinds[first:last]) == {"ReplyChunk"}
            assert kinds[:first].count("Listening") > 0 < kinds[last:].count("Listening")
            for (_, before), (_, after) in pairwise(faces(fan)):
                if type(before) is not type(after):
                    jump = np.abs(frames(after.face)[0] - frames(before.face)[-1])
                    assert np.delete(jump, LIDS).max() <= SEAM

    run_virtual(story())


def test_on_an_interruption_the_mouth_is_shut_in_the_next_frame_that_is_sent() -> None:
    async def story() -> None:
        async with fan_in(World(answers={"Tell me more": "Aah, mama, " * 30})) as fan:
            fan.send(TextInput("Tell me more"))
            await fan.until(ReplyChunk)
            await asyncio.sleep(0.7)
            fan.send(Interrupt())
            await fan.until(ReplyCancelled)
            closing = await fan.until(Listening)
            assert lip_gap(frames(closing.face) / np.float32(255)).max() <= 0.01

    run_virtual(story())


def test_eyes_follow_the_fan_who_walks_to_the_side() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            await asyncio.sleep(1)
            fan.send(FanPose((1.5, 1.6, 1.0)))
            await asyncio.sleep(2)
            newest = fan.all(Listening)[-1]
            yaw = np.frombuffer(newest.head, np.int8).reshape(-1, 3)[-1, 1] / 4
            assert yaw > 15
            assert frames(newest.face)[-1, INDEX["eyeLookOutLeft"]] > 80

    run_virtual(story())


def test_every_client_gets_the_face_it_asked_for() -> None:
    async def story(face: str) -> None:
        async with fan_in(World(), face=face) as fan:
            fan.send(TextInput("What is your cat called?"))
            await asyncio.sleep(3)
            names = fan.all(Welcome)[0].face.names
            assert names == LAYOUTS[face].names
            for chunk in fan.chunks():
                n_frames = -(-len(chunk.audio) // 2 // 400)
                assert len(chunk.face) == n_frames * len(names)
                assert len(chunk.head) == (3 * n_frames if names else 0)
            assert bool(fan.all(Listening)) == bool(names)

    for face in LAYOUTS:
        run_virtual(story(face))


def test_a_nod_is_also_a_gesture_for_the_body() -> None:
    async def story() -> None:
        lines = ["I was there, and you played my song, and it was great, and I cried."]
        async with fan_in(World(lines=lines)) as fan:
            for _ in range(3):
                await fan.speak(0, words=12)
                await fan.silence(6)
            cues = [cue for m in fan.all(Listening) for cue in m.gestures]
            assert cues
            assert {(cue.name, cue.start_samples) for cue in cues} == {("nod", 0)}

    run_virtual(story())


def test_a_client_is_told_what_moves_the_lips() -> None:
    async def story() -> None:
        world = World()
        async with fan_in(world) as fan:
            assert fan.all(Welcome)[0].face.lips == "exact"
            fan.room.lanes = dataclasses.replace(fan.room.lanes, timing="none")
            assert fan.room.lips == "sound"

    run_virtual(story())
