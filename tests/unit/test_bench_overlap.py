"""What the bench says of a fan who talks over the avatar, on overlaps that were written by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.bargein import Measured, make_plan, summarise
from bench.clips import load_clips
from bench.measures import Arrival, reply_to
from bench.overlap import HARMLESS, Overlap, OverlapScore, is_void, score_overlap
from bench.server_process import HOUSE
from bench.sounds import PEAK, coughs
from protocol.messages import ReplyCancelled, ReplyDuck, Transcript, TurnReport


def overlap(*arrivals, sound="words", reply_over_at=None):
    got = tuple(Arrival(at, message) for at, message in arrivals)
    return Overlap("said", sound, 3, began_at=10.0, ended_at=10.6, arrivals=got, reply_over_at=reply_over_at)


def score(sound, *, silent_ms=None, left_fainter=False):
    return OverlapScore("said", sound, silent_ms, silent_ms, silent_ms is not None, left_fainter)


def test_a_cancelled_reply_is_silent_from_then_on():
    stopped = score_overlap(overlap((10.18, ReplyCancelled(3, "barge_in", 24_000))))
    assert (stopped.silent_ms, stopped.duck_ms, stopped.stopped) == (180.0, 180.0, True)


def test_an_early_duck_is_timed_to_the_end_of_its_ramp_and_the_stop_apart():
    ducked, stopped = ReplyDuck(3, gain=0.25, ramp_ms=60), ReplyCancelled(3, "barge_in", 24_000)
    words = score_overlap(overlap((10.1, ducked), (10.45, stopped)))
    assert (words.duck_ms, words.silent_ms, words.stopped) == (160.0, 450.0, True)


def test_a_backchannel_that_is_let_go_on_stopped_nothing():
    ducks = (10.1, ReplyDuck(3, gain=0.25, ramp_ms=60)), (10.9, ReplyDuck(3, gain=1.0, ramp_ms=120))
    heard = score_overlap(overlap(*ducks, sound="backchannel"))
    assert (heard.silent_ms, heard.duck_ms, heard.stopped, heard.left_fainter) == (None, 160.0, False, False)
    assert score_overlap(overlap(ducks[0], sound="backchannel")).left_fainter, "its loudness never came back"


def test_what_was_understood_of_a_sound_is_kept():
    shown = Transcript(4, "oh wo", final=False), Transcript(4, "Oh wow.", final=False)
    heard = score_overlap(overlap((10.3, shown[0]), (10.6, shown[1]), sound="backchannel"))
    assert heard.heard == "Oh wow."


def test_gain_zero_is_silence():
    mute = score_overlap(overlap((10.1, ReplyDuck(3, gain=0.0, ramp_ms=50))))
    assert (mute.silent_ms, mute.stopped, mute.left_fainter) == (150.0, True, False)


def test_the_end_of_another_reply_is_not_this_ones():
    went_on = score_overlap(overlap((10.18, ReplyCancelled(2, "barge_in", 24_000))))
    assert (went_on.silent_ms, went_on.duck_ms, went_on.stopped) == (None, None, False)


def test_nothing_is_learnt_from_a_reply_that_ended_before_the_sound_could_stop_it():
    assert is_void(overlap(reply_over_at=11.0), decide_s=1.5)
    assert not is_void(overlap(reply_over_at=12.2), decide_s=1.5)
    assert not is_void(overlap(), decide_s=1.5)
    stopped = ReplyCancelled(3, "barge_in", 24_000)
    assert not is_void(overlap((10.4, stopped), reply_over_at=10.4), decide_s=1.5), "it was stopped, so something is"


@given(st.lists(st.tuples(st.sampled_from(["words", *HARMLESS]), st.none() | st.floats(0, 3000)), max_size=30))
def test_rates_are_shares_and_words_that_stop_nothing_have_no_stop_time(drawn):
    scores = [score(sound, silent_ms=silent_ms) for sound, silent_ms in drawn]
    figures = summarise(Measured(scores))
    assert figures["n_bargein"] + figures["n_harmless"] + figures["n_echo"] == len(scores)
    assert all(value is None or 0 <= value <= 1 for name, value in figures.items() if name.endswith("_rate"))
    heard = [s.silent_ms for s in scores if s.sound == "words" and s.stopped]
    assert (figures["bargein_stop_p95_ms"] is None) == (not heard)


def test_false_stops_are_counted_apart_by_sound_and_the_echo_outside_of_their_rate():
    backchannels = [score("backchannel"), score("backchannel", silent_ms=200.0)]
    figures = summarise(Measured([*backchannels, score("cough"), score("echo", silent_ms=300.0), score("words")]))
    assert figures["false_stop_rate"] == pytest.approx(1 / 3, abs=1e-4)
    assert (figures["false_stop_backchannel_rate"], figures["false_stop_cough_rate"]) == (0.5, 0.0)
    assert (figures["false_stop_echo_rate"], figures["bargein_missed_rate"]) == (1.0, 1.0)
    assert figures["false_stop_laugh_rate"] is None


def test_the_plan_mixes_the_kinds_and_says_real_speech():
    plan = make_plan(load_clips(HOUSE / "tests" / "clips"), quick=True)
    kinds = [sound for sound, _ in plan.sounds]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "backchannel": 12, "words": 10, "laugh": 3, "cough": 3, "noise": 1,
    }  # fmt: skip
    assert len(set(kinds[:6])) > 1
    assert any(not clip.synthetic for sound, clip in plan.sounds if sound == "words")
    assert all(clip.voiced for sound, clip in plan.sounds if sound == "backchannel")


def test_coughs_are_short_loud_and_each_is_another():
    first, second = coughs(2)
    assert 0.2 < (first.voice_end_samples - first.voice_begin_samples) / 16_000 < 0.6
    assert np.abs(first.pcm).max() == pytest.approx(PEAK)
    assert not np.array_equal(first.pcm, second.pcm)


def test_the_reply_to_a_typed_turn_is_found_among_others():
    def report(turn_id, reply_id):
        return Arrival(1.0, TurnReport(turn_id, reply_id, "llm", 1.0, 1.0, ()))

    shown = Arrival(0.5, Transcript(7, "Where are you from?", final=True))
    assert reply_to("Where are you from?", [shown, report(6, 11), report(7, 12)]) == 12
    assert reply_to("Where are you from?", [shown, report(6, 11)]) is None
    assert reply_to("Who are you?", [shown, report(7, 12)]) is None
