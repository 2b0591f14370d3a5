"""The comparison with a peer: which clips are fair, and what is made of the harness's files."""

import pytest

from bench.clips import load_clips
from bench.peer import PeerError, choose_clips, llm_words_ms, prepare, summarise
from bench.server_process import HOUSE


def turn(latency_ms, *events, eos_s=2.0, **fates):
    fates = {"cut_off": False, "no_reply": latency_ms is None, "withdrawn": False, **fates}
    events = [[at_s, event] for at_s, event in events]
    return {"latency_ms": latency_ms, "heard_ms": latency_ms, "t_eos_s": eos_s, "events": events, **fates}


def report(kind, opening_samples=0, reply_id=1):
    return {"type": "report", "reply_id": reply_id, "kind": kind, "opening_samples": opening_samples}


def chunk(start_samples, heard_in_s, reply_id=1):
    return {"type": "chunk", "reply_id": reply_id, "start_samples": start_samples, "heard_in_s": heard_in_s}


def block(*turns, other=0.02):
    return {"turns": list(turns), "machine": {"other_cpu_cores": other}}


def test_the_ratio_is_ours_by_theirs_over_both_halves():
    ours = [block(turn(150.0), turn(250.0)), block(turn(200.0), turn(None), other=0.3)]
    theirs = [block(turn(1500.0)), block(turn(1700.0), turn(None, cut_off=True))]
    figures = summarise({"ours": ours, "pipecat": theirs})
    assert figures["peer_ratio_p50"] == 0.125
    assert (figures["ours_turns"], figures["ours_no_reply"], figures["pipecat_cut_off"]) == (4, 1, 1)
    assert figures["ours_other_cpu_cores"] == 0.3, "of the worse half"


def test_nothing_answered_is_nothing_to_compare():
    figures = summarise({"ours": [block(turn(150.0))], "pipecat": [block(turn(None))]})
    assert figures["peer_ratio_p50"] is None
    assert figures["pipecat_p50_ms"] is None


def test_the_models_words_begin_behind_the_opening_and_when_they_are_played():
    opening = chunk(0, 0.02), chunk(4800, 0.2), chunk(9600, None), chunk(14400, 0.3)
    times = (2.15, 2.16, 2.45, 2.46)
    events = [*zip(times, opening, strict=True), (2.15, report("opening", 9600))]
    assert llm_words_ms(turn(150.0, *events)) == 760.0
    assert llm_words_ms(turn(150.0, (2.15, chunk(0, 0.02)), (2.15, report("llm")))) == 170.0
    assert llm_words_ms(turn(150.0, (2.15, chunk(0, 0.02)), (2.15, report("prepared")))) is None
    late_tail = (0.1, chunk(0, 0.0, reply_id=0)), (0.1, report("llm", reply_id=0))
    assert llm_words_ms(turn(None, *late_tail)) is None, "of the reply before"


def test_only_clips_whose_end_is_beyond_dispute_are_said():
    clips = load_clips(HOUSE / "tests" / "clips")
    chosen = {clip.name for clip in choose_clips(clips, 99)}
    assert len(chosen) > 12
    assert {"fan_question", "libri_2414-128291-0000"} <= chosen
    assert not chosen & {"dnoisy_noise_snr05_libri_367-130732-0001", "libri_1688-142285-0002"}
    assert len(choose_clips(clips, 12)) == 12


def test_a_folder_without_the_harness_is_named_with_the_way_out(tmp_path):
    with pytest.raises(PeerError, match=r"no v2v.py, baseline.py, setup.sh in .*make bench-peer PEERS=") as told:
        prepare(tmp_path, HOUSE / "tests" / "clips")
    assert str(tmp_path) in str(told.value)
