"""One real server for all system tests that do not break it."""

from collections.abc import Iterator

import pytest

from bench.clips import Clip, load_clips
from bench.server_process import ServerProcess
from tests.speech_models import CLIPS as CLIPS_FOLDER


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess({"server.greet": "false", "access.tokens": "required", "log.form": "json"}) as running:
        yield running


@pytest.fixture(scope="session")
def clips() -> dict[str, Clip]:
    return {clip.name: clip for clip in load_clips(CLIPS_FOLDER)}
