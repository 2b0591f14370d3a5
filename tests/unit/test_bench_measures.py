"""The rulers are right: what the bench says about a turn that was written by hand."""

import re
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.all import summarise as summary_table
from bench.clips import Clip, ClipError, last_voiced_sample, load_clips, read_clip, spread, whole_turns, with_pauses
from bench.ears import NO_PEER, TARGETS, missed, peer_figures
from bench.measures import Arrival, FanTurn, first_sounds, peaks, percentile, rate, score_turn, stage_medians
from bench.player import Player
from bench.server_process import HOUSE
from bench.v2v import speculation
from protocol.messages import ReplyCancelled, ReplyChunk, Stage, Transcript, TurnReport
from protocol.timeline import WordSpan

HZ = 16_000
OUT_HZ = 24_000
SHIPPED = HOUSE / "tests" / "clips"


def tone(seconds, level=0.3):
    return (level * np.sin(2 * np.pi * 220 * np.arange(int(seconds * HZ)) / HZ)).astype(np.float32)


def room(seconds):
    return (np.random.default_rng(0).standard_normal(int(seconds * HZ)) * 0.0005).astype(np.float32)


# --- where a voice ends -------------------------------------------------------------------------------------


@given(voice_s=st.floats(0.1, 2.0), tail_s=st.floats(0.05, 2.0), level=st.floats(0.02, 0.9))
def test_the_voice_ends_where_it_ends_at_any_level(voice_s, tail_s, level):
    clip = np.concatenate([room(0.3), tone(voice_s, level), room(tail_s)])
    end = last_voiced_sample(clip)
    assert abs(end - (0.3 + voice_s) * HZ) <= 0.012 * HZ


def test_a_click_after_the_voice_is_not_voice():
    clip = np.concatenate([tone(1.0), room(0.5), tone(0.015), room(0.3)])
    assert abs(last_voiced_sample(clip) - HZ) <= 0.012 * HZ


def test_a_word_after_a_pause_is_voice():
    clip = np.concatenate([tone(1.0), room(1.0), tone(0.1), room(0.3)])
    assert abs(last_voiced_sample(clip) - 2.1 * HZ) <= 0.012 * HZ


def test_a_sound_far_below_the_loudest_is_not_voice():
    clip = np.concatenate([tone(1.0, 0.5), tone(0.5, 0.5 * 10 ** (-40 / 20))])
    assert abs(last_voiced_sample(clip) - HZ) <= 0.012 * HZ


@pytest.mark.parametrize("nothing", [np.zeros(0, np.float32), np.zeros(HZ, np.float32), room(1.0), tone(0.005)])
def test_nobody_speaks(nothing):
    assert last_voiced_sample(nothing) is None


def test_shipped_clips_end_near_where_the_voice_detector_says():
    clips = {clip.name: clip for clip in load_clips(SHIPPED)}
    assert abs(clips["fan_question"].voice_end_samples / HZ - 2.272) < 0.15
    assert clips["fan_question"].text == "Hi Nova! What is your cat called?"
    assert clips["fan_question"].synthetic
    assert not clips["libri_2414-128291-0000"].synthetic


def test_turns_and_pauses_are_told_apart():
    clips = load_clips(SHIPPED)
    turns = {clip.name for clip in whole_turns(clips)}
    assert {"fan_question", "libri_2414-128291-0000", "cv_en_22058267"} <= turns
    assert not turns & {"fan_unfinished", "noise_sb2", "nst_sv_u0016003", "dpause_800ms_lj_LJ001-0029"}
    assert {clip.name for clip in with_pauses(clips)} == {
        "dpause_1000ms_libri_367-130732-0001",
        "dpause_800ms_lj_LJ001-0029",
        *(f"fan_pause_0{n}" for n in range(1, 6)),
    }


@given(n=st.integers(0, 50), limit=st.integers(1, 60))
def test_a_short_set_is_spread_over_the_long_one(n, limit):
    clips = list(range(n))
    chosen = spread(clips, limit)
    assert len(chosen) == min(n, limit)
    assert chosen == sorted(set(chosen))


def test_a_clip_in_another_form_is_refused_with_both_forms_named(tmp_path):
    path = tmp_path / "stereo.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(bytes(400))
    with pytest.raises(ClipError, match="2 x 16 bit at 44100 Hz; a clip is 1 x 16 bit at 16000 Hz"):
        read_clip(path)
    with pytest.raises(ClipError, match="cannot read"):
        read_clip(tmp_path / "absent.wav")


# --- the player ---------------------------------------------------------------------------------------------


def chunk(reply_id, start_ms, *, silent_ms=0, loud_ms=0, last=False, face=b"\x00" * 52, words=()):
    audio = np.concatenate([np.zeros(silent_ms * 24), np.full(loud_ms * 24, 8000)]).astype("<i2")
    return ReplyChunk(reply_id, 0, start_ms * 24, audio.tobytes(), face if len(audio) else b"", words=words, last=last)


def test_chunks_that_come_early_play_back_to_back():
    player = Player(OUT_HZ)
    assert player.receive(chunk(1, 0, loud_ms=200), 10.0) == 10.0
    assert player.receive(chunk(1, 200, loud_ms=200), 10.01) == pytest.approx(10.2)
    assert player.heard_samples(10.3) == pytest.approx(300 * 24)
    assert not player.is_over(10.5)
    player.receive(chunk(1, 400, last=True), 10.35)
    assert not player.is_over(10.35)
    assert player.is_over(10.401)
    assert player.underruns == 0


def test_a_late_chunk_is_a_gap_that_is_heard():
    player = Player(OUT_HZ)
    player.receive(chunk(1, 0, loud_ms=200), 10.0)
    assert player.receive(chunk(1, 200, loud_ms=200), 10.5) == 10.5
    assert (player.underruns, round(player.underrun_s, 3)) == (1, 0.3)


def test_a_cancelled_reply_was_heard_only_so_far():
    player = Player(OUT_HZ)
    player.receive(chunk(1, 0, loud_ms=1000), 10.0)
    player.cancel(1, 10.25)
    assert player.heard_samples(12.0) == pytest.approx(250 * 24)
    assert not player.playing


@given(st.lists(st.tuples(st.integers(1, 500), st.floats(0.0, 1.0)), min_size=1, max_size=20))
def test_nothing_is_heard_before_it_arrived_and_everything_in_the_end(arrivals):
    player, now, sent = Player(OUT_HZ), 5.0, 0
    for length_ms, gap_s in arrivals:
        now += gap_s
        assert player.receive(chunk(1, sent, loud_ms=length_ms), now) >= now
        sent += length_ms
        assert 0 <= player.heard_samples(now) <= (sent - length_ms) * 24 + 1
    assert player.heard_samples(now + 3600) == sent * 24


# --- one turn -----------------------------------------------------------------------------------------------

QUESTION = Clip("question", tone(1.0), voice_end_samples=HZ)


def turn(*arrivals, voice_end_at=11.0, stopped_at=None, after_reply_id=0):
    got = tuple(Arrival(at, message) for at, message in arrivals)
    return FanTurn(QUESTION, 10.0, voice_end_at, got, OUT_HZ, after_reply_id, stopped_at)


def report(reply_id, kind="llm", opening_ms=0):
    stages = Stage("recognise", 100.0, 250.0), Stage("score", 100.0, 140.0)
    return TurnReport(1, reply_id, kind, 390.0, 40.0, stages, opening_samples=opening_ms * 24)


def test_an_answered_turn():
    score = score_turn(
        turn(
            (10.6, Transcript(1, "what is", final=False)),
            (11.2, Transcript(1, "What is your cat called?", final=True)),
            (11.4, report(1)),
            (11.4, chunk(1, 0, silent_ms=50, loud_ms=150, words=(WordSpan("Miso.", 0, 4800),))),
            (11.45, chunk(1, 200, last=True)),
        )
    )
    assert score.v2v_ms == 450.0, "from 11.0 to 11.4, and 50 ms of silence inside the chunk"
    assert score.arrival_ms == 400.0
    assert (score.server_v2v_ms, score.commit_to_face_ms, score.kind) == (390.0, 40.0, "llm")
    assert score.stages_ms == {"recognise": 150.0, "score": 40.0}
    assert (score.transcript, score.reply) == ("What is your cat called?", "Miso.")
    assert (score.cut_off, score.missed, score.withdrawn) == (False, False, False)


def test_behind_an_opening_the_models_words_are_timed_apart():
    score = score_turn(
        turn(
            (11.15, report(1, "opening", 400)),
            (11.15, chunk(1, 0, silent_ms=20, loud_ms=180)),
            (11.16, chunk(1, 200, loud_ms=200)),
            (11.40, chunk(1, 400, silent_ms=30, loud_ms=170)),
            (11.41, chunk(1, 600, last=True)),
        )
    )
    assert score.v2v_ms == 170.0
    assert score.llm_words_ms == 580.0, "played behind the 400 ms of the opening, and 30 ms of silence"
    assert score.underrun_ms == 0.0


def test_who_wrote_the_words_says_which_words_are_the_models():
    heard = (11.4, chunk(1, 0, loud_ms=200))
    assert score_turn(turn((11.4, report(1, "llm")), heard)).llm_words_ms == 400.0
    assert score_turn(turn((11.4, report(1, "prepared")), heard)).llm_words_ms is None
    assert score_turn(turn((11.4, report(1, "opening", 400)), heard)).llm_words_ms is None, "it never got to them"


def test_the_last_partial_is_what_was_shown_before_the_final():
    texts = [(10.3, "what", False), (10.6, "what is your", False), (11.2, "What is your cat called?", True)]
    score = score_turn(turn(*((at, Transcript(1, text, final=final)) for at, text, final in texts)))
    assert (score.partial, score.transcript) == ("what is your", "What is your cat called?")


def test_silence_in_earlier_chunks_counts_as_it_is_played():
    score = score_turn(turn((11.4, chunk(1, 0, silent_ms=300)), (11.4, chunk(1, 300, silent_ms=20, loud_ms=50))))
    assert score.v2v_ms == 720.0
    assert score.arrival_ms == 400.0


def test_a_sound_as_faint_as_hiss_is_no_answer():
    hiss = ReplyChunk(1, 0, 0, np.full(4800, 300, "<i2").tobytes(), b"\x00" * 52)
    assert score_turn(turn((11.4, hiss))).missed


def test_a_voice_without_a_face_is_no_answer():
    assert score_turn(turn((11.4, chunk(1, 0, loud_ms=200, face=b"")))).missed


def test_silence_is_a_missed_turn():
    score = score_turn(turn((10.5, Transcript(1, "what", final=False))))
    assert score.missed
    assert score.v2v_ms is None
    assert not score.cut_off


def test_an_answer_before_the_end_cuts_off_and_has_no_latency():
    score = score_turn(
        turn(
            (10.8, chunk(1, 0, loud_ms=200)),
            (10.9, ReplyCancelled(1, "fan_went_on", 2400)),
            (11.6, chunk(2, 0, loud_ms=200)),
        )
    )
    assert score.cut_off
    assert not score.missed
    assert score.v2v_ms is None


def test_a_cut_off_turn_that_stays_unanswered_is_counted_once():
    score = score_turn(turn((10.8, chunk(1, 0, loud_ms=200))))
    assert (score.cut_off, score.missed) == (True, False)


def test_the_tail_of_an_older_reply_is_not_this_turns_answer():
    tail = chunk(4, 800, loud_ms=200)
    assert score_turn(turn((10.1, tail), after_reply_id=4)).missed
    assert not score_turn(turn((10.1, tail), after_reply_id=4)).cut_off
    assert [s.reply_id for s in first_sounds(turn((10.1, tail), (11.5, chunk(5, 0, loud_ms=9)), after_reply_id=4))] == [
        5
    ]


def test_what_the_server_takes_back_is_withdrawn_unless_the_fan_pressed_stop():
    taken = ((11.4, chunk(1, 0, loud_ms=200)), (11.5, ReplyCancelled(1, "fan_went_on", 2400)))
    assert score_turn(turn(*taken)).withdrawn
    assert not score_turn(turn(*taken, stopped_at=11.45)).withdrawn


def test_gaps_in_the_reply_are_added_up():
    score = score_turn(turn((11.4, chunk(1, 0, loud_ms=100)), (11.7, chunk(1, 100, loud_ms=100))))
    assert score.underrun_ms == 200.0


# --- many turns ---------------------------------------------------------------------------------------------


def test_percentiles_leave_out_what_was_not_measured():
    assert percentile([None, 100.0, 300.0, None, 200.0], 50) == 200.0
    assert percentile([100.0, 200.0], 95) == 195.0
    assert percentile([None], 50) is None
    assert rate([True, False, False, False]) == 0.25
    assert rate([]) is None


def test_stage_medians_keep_the_order_of_the_fullest_report():
    short = TurnReport(1, 1, "disclosure", 390.0, 40.0, (Stage("score", 100.0, 160.0),))
    scores = [score_turn(turn((11.4, r), (11.4, chunk(1, 0, loud_ms=50)))) for r in (short, report(1), report(1))]
    assert list(stage_medians(scores).items()) == [("recognise", 150.0), ("score", 40.0)]


@given(n=st.integers(0, 300), bins=st.integers(1, 50))
def test_a_drawn_waveform_keeps_its_loudest_samples(n, bins):
    pcm = np.random.default_rng(n).standard_normal(n)
    low, high = peaks(pcm, bins)
    assert low.min() == (pcm.min() if n else 0.0)
    assert high.max() == (pcm.max() if n else 0.0)


def test_replies_begun_early_and_the_compute_that_nobody_heard():
    counters = {
        'stagedoor_speculations_total{fate="kept"}': 6.0,
        'stagedoor_speculations_total{fate="dropped"}': 2.0,
        'stagedoor_reply_compute_seconds_total{fate="heard"}': 9.0,
        'stagedoor_reply_compute_seconds_total{fate="thrown"}': 1.0,
    }
    figures = {"speculation_hit_rate": 0.75, "speculation_waste_ratio": 0.1, "n_speculations": 8}
    assert speculation(counters) == figures
    assert speculation({}) == {"speculation_hit_rate": None, "speculation_waste_ratio": None, "n_speculations": 0}


def test_the_summary_shows_targets_and_leaves_out_what_was_not_measured(tmp_path):
    (tmp_path / "ears.json").write_text('{"v2v_p50_ms": 812.5, "v2v_p95_ms": null, "cutoff_rate": 0.0}')
    table = summary_table(tmp_path)
    assert re.search(r"\| voice to voice, p50 \(ms\) +\| 812.5 \| 200: missed \|", table)
    assert re.search(r"\| cut off .* \| 0.0 \| 0.05 \|", table)
    assert "p95" not in table
    assert "quiz" not in table


def test_a_target_that_is_missed_or_not_measured_is_named():
    figures = dict.fromkeys(TARGETS, 0.0)
    assert missed(figures) == []
    told = missed({**figures, "v2v_p50_ms": 250.0, "peer_ratio_p50": None})
    assert told == ["v2v_p50_ms: 250, target 200: 1.2 times as much", "peer_ratio_p50: not measured (target 0.125)"]


def test_the_peers_ratio_comes_with_its_date_or_with_a_reason(tmp_path):
    path = tmp_path / "peer.json"
    assert peer_figures(path) == {"peer_ratio_p50": None, "peer_reason": NO_PEER}
    path.write_text('{"peer_ratio_p50": 0.12, "measured_at": "2026-11-22T05:00:00+00:00", "rounds": 2}')
    assert peer_figures(path) == {"peer_ratio_p50": 0.12, "peer_measured_at": "2026-11-22T05:00:00+00:00"}
