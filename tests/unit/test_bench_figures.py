"""The pictures of a run can be drawn of much and of nothing."""

import pytest

from bench.ears import TARGETS
from bench.figures import draw_ears, draw_peer
from bench.measures import TurnScore
from bench.overlap import OverlapScore
from bench.v2v import Measured

TITLE = {"n_turns": 8, "n_synthetic": 4, "cores": 2, "other_cpu_cores": 0.0}
TURNS = [
    TurnScore("clip", "", "", kind=kind, v2v_ms=100.0 + i, llm_words_ms=400.0 + i, stages_ms={"recognise": 90.0})
    for i, kind in enumerate(["opening", "llm", "prepared", "disclosure"] * 6)
]
OVERLAPS = [
    OverlapScore("a", "words", 300.0, 120.0, stopped=True, left_fainter=False),
    OverlapScore("b", "words", None, None, stopped=False, left_fainter=False),
    OverlapScore("c", "backchannel", None, 120.0, stopped=False, left_fainter=False),
    OverlapScore("d", "echo", 500.0, 120.0, stopped=True, left_fainter=False),
]


@pytest.mark.parametrize(
    ("figures", "measured", "overlaps"),
    [
        ({**TITLE, **dict.fromkeys(TARGETS, 0.1)}, Measured(TURNS, TURNS[2::4], [], TURNS[:5]), OVERLAPS),
        ({**TITLE, **dict.fromkeys(TARGETS, 1e6)}, Measured(TURNS[:1]), OVERLAPS[2:3]),
        (TITLE, Measured(), []),
    ],
    ids=["every target met", "none met", "nothing measured"],
)
def test_the_ears_are_drawn(figures, measured, overlaps, tmp_path):
    draw_ears(figures, TARGETS, measured, overlaps, tmp_path / "ears.png")
    assert (tmp_path / "ears.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("ours", "theirs", "ratio"), [([150.0] * 6, [1600.0] * 6, 0.094), ([150.0], [], None)])
def test_two_systems_are_drawn(ours, theirs, ratio, tmp_path):
    counted = {f"{who}_{what}": 0 for who in ("ours", "pipecat") for what in ("turns", "cut_off", "no_reply")}
    draw_peer({"peer_ratio_p50": ratio, **counted}, ours, theirs, tmp_path / "peer.png")
    assert (tmp_path / "peer.png").read_bytes().startswith(b"\x89PNG")
