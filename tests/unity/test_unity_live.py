"""The package's Core, and its Unity layer on an imitation of Unity, talk with our server over a real socket."""

import asyncio
from pathlib import Path

from protocol.messages import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK
from tests.unity.house import ANSWER, LINE, QUESTION, SPOKEN_ANSWER, scripted_house, speech
from tests.unity.package import CORE, engine_layer, play_mode
from tests.unity.toolchain import Toolchain

Story = dict[str, list[str]]


async def visit(toolchain: Toolchain, program: Path, *arguments: str) -> Story:
    """What a program tells of its visit: what happened, and each time in which words."""
    process = await asyncio.create_subprocess_exec(
        *toolchain.command(program, *arguments), env=toolchain.environment(),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        said, complaints = await asyncio.wait_for(process.communicate(), 100)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, (said + complaints).decode()
    story: Story = {}
    for line in said.decode().splitlines():
        what, _, detail = line.partition("\t")
        story.setdefault(what, []).append(detail)
    return story


async def test_a_visit_from_disclosure_to_goodbye_in_both_forms(
    toolchain: Toolchain, built: Path, tmp_path: Path
) -> None:
    """A conversation with a lost connection in its middle, and nothing of it lost."""
    spoken = tmp_path / "speech.pcm"
    spoken.write_bytes(speech())
    async with scripted_house() as (address, room):
        forms = (SUBPROTOCOL_MSGPACK, SUBPROTOCOL_JSON)
        visits = [visit(toolchain, built / "LiveFan.dll", address, form, QUESTION, str(spoken)) for form in forms]
        for story in await asyncio.gather(*visits):
            check(story)
        assert room.n_sessions == 0, "the goodbyes arrived: no place is kept for a fan who may come back"


def check(story: Story) -> None:
    assert story["state"] == ["Connecting", "Disclosing", "Open", "Away", "Connecting", "Open", "Closed"]
    assert "AI" in story["disclosure"][0]
    assert story["early sound"] == ["False"], "nothing goes out before the disclosure was acknowledged"
    assert story["final"][:2] == [QUESTION, LINE]
    assert story["heard"] == [ANSWER, SPOKEN_ANSWER]
    assert (story["sounded"], story["jaw moved"]) == (["True"], ["True"])
    assert (story["silent"], story["ended"]) == (["True"], ["False"]), "the interruption"
    assert story["over"] == ["1000 left"]
    assert story["malformed"] == ["0"]
    assert "error" not in story


async def test_the_components_talk_on_an_imitation_of_unity(toolchain: Toolchain, tmp_path: Path) -> None:
    """Not Unity: our idea of it (stubs/UnityEngine.cs). It shows that the components are wired rightly."""
    spoken = tmp_path / "speech.pcm"
    spoken.write_bytes(speech())
    toolchain.build([CORE, *engine_layer("player", ("UNITY_STANDALONE",)), *play_mode("player")], tmp_path)
    async with scripted_house() as (address, room):
        story = await visit(toolchain, tmp_path / "player" / "PlayMode.dll", address, QUESTION, str(spoken))
        assert room.n_sessions == 0
    assert story["state"] == ["Connecting", "Disclosing", "Open", "Closed"]
    assert story["recorded before the yes"] == ["False"]
    assert story["fan said"] == [QUESTION, LINE]
    assert story["words"] == [ANSWER, SPOKEN_ANSWER]
    assert story["blendshapes found"] == ["2"]
    assert story["jaw moved"] == ["True"]
    assert story["at half volume it is half as loud"] == ["True"]
    assert story["silent before and after"] == ["True"]
    assert "went wrong" not in story
