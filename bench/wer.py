"""How well the recogniser hears: short context with safeguards, `quick` and full 30 s context, on the same clips.

`python -m bench.wer --clips tests/clips` prints word error rates and times; `measure` is for bench/all.py.
"""

import argparse
import json
import os
import re
import statistics
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from bench.clips import Clip, load_clips
from speech.asr import AsrJob, Hypothesis
from speech.engines.whisper import Whisper

KINDS = ("full", "short", "quick")
_SPELLED = {"mr": "mister", "mrs": "missus", "dr": "doctor", "st": "saint", "ok": "okay", "colour": "color"}
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()


@dataclass(frozen=True)
class Score:
    """One way of recognising over all clips. `cpu_ratio` is the median over clips of its CPU time by that of `full`;
    unlike the seconds it does not change when other work runs beside.
    """

    kind: str
    clips: int
    words: int
    wrong_words: int
    median_s: float
    p95_s: float
    cpu_ratio: float
    second_passes: int

    @property
    def wer(self) -> float:
        return self.wrong_words / max(self.words, 1)


@dataclass(frozen=True)
class _Trial:
    heard: Hypothesis
    wall_s: float
    cpu_s: float


def normalised(text: str) -> list[str]:
    """Words without case, punctuation and apostrophes; whole numbers up to 9999 are spelled out."""
    text = re.sub(r"[’']", "", text.lower())
    text = re.sub(r"(\d),(\d{3})", r"\1\2", text)
    text = re.sub(r"\d+", lambda found: f" {_spelled_out(int(found[0]))} ", text)
    return [_SPELLED.get(word, word) for word in re.findall(r"\w+", text)]


def _spelled_out(n: int) -> str:
    if n > 9999:
        return " ".join(_ONES[int(digit)] for digit in str(n))
    if n < 20:
        return _ONES[n]
    if n < 100:
        return _TENS[n // 10] + (f" {_ONES[n % 10]}" if n % 10 else "")
    if 1100 <= n < 2000:  # as years are said
        head, rest = divmod(n, 100)
        return f"{_spelled_out(head)} {_spelled_out(rest) if rest else 'hundred'}"
    size, name = (1000, "thousand") if n >= 1000 else (100, "hundred")
    head, rest = divmod(n, size)
    return f"{_spelled_out(head)} {name}" + (f" {_spelled_out(rest)}" if rest else "")


def wrong_words(said: list[str], heard: list[str]) -> int:
    """Substituted, missing and added words: the Levenshtein distance."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


def wrong_words_so_far(said: list[str], heard: list[str]) -> int:
    """The same for words that were heard before all were said: what was missing at the end is not counted."""
    return min(wrong_words(said[:n], heard) for n in range(len(said) + 1))


def word_error_rate(pairs: Iterable[tuple[str, str]], *, so_far: bool = False) -> float | None:
    """Wrong words by all words of pairs of what was said and what was heard, 0..; None of nothing."""
    words = [(normalised(said), normalised(heard)) for said, heard in pairs]
    wrong = sum((wrong_words_so_far if so_far else wrong_words)(said, heard) for said, heard in words)
    n_words = sum(len(said) for said, _ in words)
    return round(wrong / n_words, 4) if n_words else None


def scorable(clips: Iterable[Clip]) -> list[Clip]:
    """English speech of which we know the words."""
    return [clip for clip in clips if clip.text and clip.language == "en"]


def measure(clips: Iterable[Clip], model_path: Path) -> list[Score]:
    """Recognises every clip alone in each of KINDS, one after the other, with one thread. Raises EngineError."""
    clips = list(clips)
    engines = {kind: Whisper(model_path, full_context=kind == "full") for kind in ("full", "short")}
    engines["quick"] = engines["short"]
    trials = [{kind: _trial(engines[kind], clip, kind) for kind in KINDS} for clip in clips]
    return [_score(kind, clips, trials) for kind in KINDS]


def _trial(engine: Whisper, clip: Clip, kind: str) -> _Trial:
    wall, cpu = time.perf_counter(), time.process_time()
    (result,) = engine.run([AsrJob(clip.pcm, clip.language, quick=kind == "quick")])
    if isinstance(result, Exception):
        raise result
    return _Trial(result, time.perf_counter() - wall, time.process_time() - cpu)


def _score(kind: str, clips: list[Clip], trials: list[dict[str, _Trial]]) -> Score:
    own = [trial[kind] for trial in trials]
    said = [normalised(clip.text) for clip in clips]
    walls = sorted(trial.wall_s for trial in own)
    return Score(
        kind=kind,
        clips=len(clips),
        words=sum(map(len, said)),
        wrong_words=sum(wrong_words(s, normalised(t.heard.text)) for s, t in zip(said, own, strict=True)),
        median_s=round(statistics.median(walls), 3),
        p95_s=round(walls[int(0.95 * (len(walls) - 1))], 3),
        cpu_ratio=round(statistics.median(t[kind].cpu_s / t["full"].cpu_s for t in trials), 3),
        second_passes=sum(trial.heard.second_pass for trial in own),
    )


def table(scores: Iterable[Score]) -> str:
    """The figures as text."""
    lines = ["way    word errors    median      p95   cpu/full  second passes"]
    lines += [
        f"{s.kind:6} {s.wer:11.2%} {s.median_s:8.3f}s {s.p95_s:7.3f}s {s.cpu_ratio:9.2f}x "
        f"{s.second_passes:6d}/{s.clips}"
        for s in scores
    ]
    return "\n".join(lines)


def main() -> None:
    home = Path(os.environ.get("STAGEDOOR_HOME") or platformdirs.user_cache_path("stagedoor"))
    parser = argparse.ArgumentParser(description="word error rate of the short context against the full one")
    parser.add_argument("--clips", type=Path, default=Path("tests/clips"))
    parser.add_argument("--model", type=Path, default=home / "models" / "whisper-base")
    parser.add_argument("--prefix", nargs="*", default=[""], help="only files that begin so, such as libri_ lj_")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    args = parser.parse_args()
    clips = [clip for clip in scorable(load_clips(args.clips)) if clip.name.startswith(tuple(args.prefix))]
    scores = measure(clips, args.model)
    print(table(scores))
    if args.json:
        args.json.write_text(json.dumps([{**asdict(s), "wer": s.wer} for s in scores], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
