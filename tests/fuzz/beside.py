"""A command with the fuzzer beside it, on processor time that nobody else wants: `python -m tests.fuzz.beside COMMAND`.

`make test` runs all of pytest in it. The fuzzer (decoder.py) is scheduled as idle, begins with the command, and has to
get through INPUTS inputs, which is two minutes of one core; what it has not done when the command ends it does then.
Exit code: the command's; 1 where that is 0 and the fuzzer found something, or was too slow.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "out" / "fuzz"  # the inputs that broke something
INPUTS = 2_100_000
PATIENCE_S = 300.0  # after the command's end
MAX_RSS_MB = 512  # libFuzzer gives up beyond it; 46 are seen
LOG_CHARS = 3000


def decoder(inputs: int) -> list[str]:
    """The command that feeds so many inputs to the decoder."""
    return [
        sys.executable, "-m", "tests.fuzz.decoder",
        f"-runs={inputs}", f"-rss_limit_mb={MAX_RSS_MB}", f"-artifact_prefix={KEPT}/",
    ]  # fmt: skip


def run_beside(command: Sequence[str], fuzzer: Sequence[str], inputs: int, patience_s: float = PATIENCE_S) -> int:
    """The exit code of both. What the fuzzer said goes to stderr when it failed."""
    with _fuzzing(fuzzer) as (fuzzing, log):
        code = subprocess.call(command)
        _hurry(fuzzing.pid)
        with suppress(subprocess.TimeoutExpired):
            fuzzing.wait(patience_s)
        said = log.read_text("utf-8", "replace")
        if fuzzing.returncode == 0 and f"Done {inputs} runs" in said:
            sys.stdout.write(f"fuzzed beside it: {inputs} inputs, nothing found\n")
            return code
        broke = "too slow" if fuzzing.returncode is None else f"exit code {fuzzing.returncode}"
        sys.stderr.write(f"{said[-LOG_CHARS:]}\nthe fuzzer failed: {broke}; {KEPT} has what it found\n")
        return code or 1


@contextmanager
def _fuzzing(fuzzer: Sequence[str]) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """The fuzzer while it runs, and the file that it writes to. It is ended in any case."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as written:
            fuzzing = subprocess.Popen(
                fuzzer, cwd=ROOT, stdout=written, stderr=written, env={**os.environ, "TMPDIR": folder}
            )
        try:
            os.sched_setscheduler(fuzzing.pid, os.SCHED_IDLE, os.sched_param(0))
            yield fuzzing, log
        finally:
            fuzzing.kill()
            fuzzing.wait()


def _hurry(pid: int) -> None:
    """Nobody's test waits any more, so it need not either; not everybody may say so."""
    with suppress(PermissionError, ProcessLookupError):
        os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))


def main() -> int:
    """Runs it. Only the command runs where atheris has no wheels."""
    if sys.platform != "linux":
        return subprocess.call(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the fuzzer ends too
    return run_beside(sys.argv[1:], decoder(INPUTS), INPUTS)


if __name__ == "__main__":
    sys.exit(main())
