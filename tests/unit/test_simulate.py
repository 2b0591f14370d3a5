"""The simulation of a GPU: the planner on a virtual clock gives sensible answers."""

from dataclasses import replace

from bench.simulate import GPUS, TARGET_MS, fans_per_gpu, simulate

H100 = GPUS[0]


def test_one_fan_alone_waits_for_the_models_and_nothing_else() -> None:
    alone = simulate(H100, 1, seconds=10)
    assert alone["refused"] == 0
    assert alone["turns"] > 10
    assert alone["p95_ms"] < TARGET_MS


def test_a_crowd_waits_longer_and_is_the_same_each_time() -> None:
    few, many = simulate(H100, 5, seconds=20), simulate(H100, 80, seconds=20)
    assert few["p95_ms"] < many["p95_ms"]
    assert simulate(H100, 5, seconds=20) == few


def test_a_slower_synthesiser_serves_fewer() -> None:
    slow = replace(H100, tts_first_ms=3 * H100.tts_first_ms)
    assert fans_per_gpu(slow, most=40, seconds=10) < fans_per_gpu(H100, most=40, seconds=10)


def test_what_is_too_slow_for_one_serves_nobody() -> None:
    assert fans_per_gpu(replace(H100, first_token_ms=((1, 500.0), (8, 500.0))), most=4, seconds=10) == 0


def test_every_speed_has_its_source() -> None:
    for gpu in GPUS:
        assert [source[:3] for source in gpu.sources] == ["LLM", "ASR", "TTS"]
        assert all("https://" in source for source in gpu.sources)
