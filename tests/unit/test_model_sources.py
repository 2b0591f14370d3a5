"""Sources are asked in order: the user's folder, the hub, the wheel mirror; and the real pip is one of them."""

import io
import os
import shutil
import tarfile
from collections import namedtuple

import pytest

from server.model_store import sources as model_sources
from server.model_store.catalogue import DiskFullError, SourceUnreachableError
from server.model_store.pull import BytesArrived, ModelArrived, SourceFailed
from server.model_store.sources import FolderSource, HubSource, WheelSource
from server.model_store.store import ModelStore
from tests.model_shelf import CATALOGUE, EAR, MIND, MIND_MODEL, WEIGHTS, Hub, Mirror


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def mirror(tmp_path):
    return Mirror(tmp_path / "wheels")


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(model_sources, "CHUNK_BYTES", 500)


@pytest.fixture
def wheels(home, mirror):
    return WheelSource(home / "downloads", CATALOGUE, mirror)


# ---- sources in order ------------------------------------------------------------------------------------------------


def test_the_users_folder_comes_first(home, wheels, mirror, tmp_path):
    own = tmp_path / "own" / "ear"
    own.mkdir(parents=True)
    (own / "model.bin").write_bytes(WEIGHTS)
    events = []
    ModelStore(home, CATALOGUE, [FolderSource(own.parent), wheels]).pull(["ear"], events.append)
    assert events[-1] == ModelArrived(EAR, (f"folder {own.parent}", "wheel mirror"))
    assert mirror.asked == ["ear-2==1.0"]  # only for the file that the folder lacks


@pytest.mark.usefixtures("small_chunks")
def test_a_partial_file_is_continued_from_the_folder(home, tmp_path):
    own, partial = tmp_path / "own" / "mind" / "model.gguf", home / "models" / "mind" / "model.gguf.partial"
    for path, content in ((own, MIND), (partial, MIND[:1500])):
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    events = []
    ModelStore(home, CATALOGUE, [FolderSource(tmp_path / "own")]).pull(["mind"], events.append)
    assert events == [
        *(BytesArrived(MIND_MODEL, arrived) for arrived in range(2000, 5001, 500)),
        ModelArrived(MIND_MODEL, (f"folder {tmp_path / 'own'}",)),
    ]
    assert own.read_bytes() == MIND  # the folder is the user's: only read


@pytest.mark.parametrize("found", [WEIGHTS[:-1], b"x" * 3000, WEIGHTS + b"x"])
def test_a_folder_with_other_bytes_is_passed_over_in_one_line(home, wheels, tmp_path, found):
    own = tmp_path / "own" / "ear"
    own.mkdir(parents=True)
    (own / "model.bin").write_bytes(found)
    events = []
    store = ModelStore(home, CATALOGUE, [FolderSource(own.parent), wheels])
    store.pull(["ear"], events.append)
    assert [event.source for event in events if isinstance(event, SourceFailed)] == [f"folder {own.parent}"]
    assert (store.path("ear") / "model.bin").read_bytes() == WEIGHTS


def test_the_hub_comes_before_the_wheels(home, wheels, mirror):
    with Hub() as hub:
        store = ModelStore(home, CATALOGUE, [HubSource(hub.url), wheels])
        events = []
        store.pull(["mind"], events.append)
    assert hub.asked == [("/acme/mind/resolve/f00d/mind-q4.gguf", None)]
    assert events[-1] == ModelArrived(MIND_MODEL, ("hub 127.0.0.1",))
    assert mirror.asked == []


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.usefixtures("small_chunks")
def test_a_hub_that_breaks_off_is_continued_where_it_broke(home, ranges):
    with Hub(cut_at=2000, ranges=ranges) as hub:
        store = ModelStore(home, CATALOGUE, [HubSource(hub.url)])
        store.pull(["mind"])
    assert [wanted for _, wanted in hub.asked] == [None, "bytes=2000-"]
    assert (store.path("mind") / "model.gguf").read_bytes() == MIND


def test_a_partial_file_is_continued_from_the_hub(home):
    partial = home / "models" / "mind" / "model.gguf.partial"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(MIND[:1500])
    with Hub() as hub:
        ModelStore(home, CATALOGUE, [HubSource(hub.url)]).pull(["mind"])
    assert [wanted for _, wanted in hub.asked] == ["bytes=1500-"]


@pytest.mark.parametrize(
    ("hub", "reason"),
    [
        ({"content": b"x" * 5000}, "sent bytes with another sha256 than models.toml names"),
        ({"content": b"x" * 4999}, "has another file there: 4999 bytes, not 5000"),
        ({"status": 404}, "answers 404 for"),
        ({"status": 503}, "answers 503 for"),
    ],
)
def test_a_hub_with_something_else_gives_way_to_the_wheels(home, wheels, hub, reason):
    events = []
    with Hub(**hub) as running:
        store = ModelStore(home, CATALOGUE, [HubSource(running.url), wheels])
        store.pull(["mind"], events.append)
    (failed,) = [event for event in events if isinstance(event, SourceFailed)]
    assert failed.reason.startswith(reason)
    assert events[-1] == ModelArrived(MIND_MODEL, ("wheel mirror",))
    assert (store.path("mind") / "model.gguf").read_bytes() == MIND


def test_a_hub_that_does_not_answer_is_asked_once_in_a_run(home, wheels):
    with Hub() as gone:
        pass
    source = HubSource(gone.url)
    events = []
    ModelStore(home, CATALOGUE, [source, wheels]).pull(["mind"], events.append)
    (failed,) = [event for event in events if isinstance(event, SourceFailed)]
    assert failed.reason == "does not answer, and is not asked again in this run"
    assert not source.offers(MIND_MODEL, MIND_MODEL.files[0])


def test_no_source_at_all_is_said_with_every_reason(home, wheels, mirror):
    shutil.rmtree(mirror.folder)
    with Hub(status=404) as hub:
        store = ModelStore(home, CATALOGUE, [HubSource(hub.url), wheels])
        with pytest.raises(SourceUnreachableError, match=r"hub 127\.0\.0\.1: answers 404.*wheel mirror: pip could not"):
            store.pull(["mind"])
    with pytest.raises(SourceUnreachableError, match="no folder, hub or wheel is known to have it"):
        ModelStore(home, CATALOGUE).pull(["mind"])


# ---- the real pip ----------------------------------------------------------------------------------------------------


@pytest.fixture
def pip_sees_only(monkeypatch):
    def point(folder):
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
        monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)

    return point


def test_pip_brings_the_wheel_and_its_code_is_not_run(home, mirror, pip_sees_only):
    pip_sees_only(mirror.folder)
    store = ModelStore(home, CATALOGUE, [WheelSource(home / "downloads", CATALOGUE)])
    store.pull(["mind"])
    assert (store.path("mind") / "model.gguf").read_bytes() == MIND


def test_pip_is_not_let_to_build_anything(home, tmp_path, pip_sees_only):
    script = (
        f"open({str(tmp_path / 'was-run')!r}, 'w')\nfrom setuptools import setup\nsetup(name='mind-1', version='1.0')"
    )
    (tmp_path / "links").mkdir()
    with tarfile.open(tmp_path / "links" / "mind-1-1.0.tar.gz", "w:gz") as sdist:
        member = tarfile.TarInfo("mind-1-1.0/setup.py")
        member.size = len(script)
        sdist.addfile(member, io.BytesIO(script.encode()))
    pip_sees_only(tmp_path / "links")
    store = ModelStore(home, CATALOGUE, [WheelSource(home / "downloads", CATALOGUE)])
    with pytest.raises(SourceUnreachableError, match=r"No matching distribution found for mind-1==1\.0"):
        store.pull(["mind"])
    assert not (tmp_path / "was-run").exists()


def test_pip_on_a_full_disk_is_a_full_disk(home, monkeypatch):
    Done = namedtuple("Done", "returncode stderr")
    stderr = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"
    monkeypatch.setattr(model_sources.subprocess, "run", lambda *_, **__: Done(1, stderr))
    with pytest.raises(DiskFullError):
        ModelStore(home, CATALOGUE, [WheelSource(home / "downloads", CATALOGUE)]).pull(["mind"])
