"""How long a pause must be, by how it sounds and what was said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.endpointing import DANGLING_MS, SURE_MS, UNFINISHED_MS, UNSURE_MS, required_silence_ms


@pytest.mark.parametrize(
    ("prob", "text", "expected_ms"),
    [
        (0.97, "What is your cat called?", SURE_MS),
        (None, "What is your cat called?", UNSURE_MS),
        (0.5, "I was thinking.", UNSURE_MS),
        (0.0, "I was wondering if you", UNFINISHED_MS),
        (0.97, "So my sister and I", DANGLING_MS),
        (0.97, "When you were on tour in the", DANGLING_MS),
        (0.97, "Well,", DANGLING_MS),
        (0.97, "I was going to say...", DANGLING_MS),
        (0.97, "Where are you from?", SURE_MS),
        (0.97, "My sister and?", DANGLING_MS),
        (0.97, "I love her.", SURE_MS),
    ],
)
def test_pauses(prob: float | None, text: str, expected_ms: float) -> None:
    assert required_silence_ms(prob, text) == pytest.approx(expected_ms)


@given(st.floats(0, 1), st.floats(0, 1), st.text(max_size=40))
def test_sounding_more_complete_never_waits_longer(a: float, b: float, text: str) -> None:
    low, high = sorted((a, b))
    assert required_silence_ms(high, text) <= required_silence_ms(low, text)
