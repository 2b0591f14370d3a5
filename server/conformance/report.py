"""What was demanded, and what came of it: as text, JSON and JUnit XML. Pure.

What comes next: cli.py prints one of them.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal
from xml.etree import ElementTree as ET  # only written, never read

Outcome = Literal["passed", "failed", "skipped"]
_SIGNS = {"passed": "ok  ", "failed": "FAIL", "skipped": "skip"}


class ViolationError(Exception):
    """The other side did what the protocol does not allow, or did not do what it demands."""


class NotApplicableError(Exception):
    """Here it cannot be checked; the message says why."""


@dataclass(frozen=True, slots=True)
class Result:
    """One demand of the protocol, by chapter, and its outcome. `detail` says what was seen, or why it was skipped."""

    chapter: str
    demand: str
    outcome: Outcome
    detail: str = ""
    took_s: float = 0.0


def all_passed(results: Sequence[Result]) -> bool:
    """Whether nothing failed, and something was checked at all."""
    outcomes = {result.outcome for result in results}
    return "failed" not in outcomes and "passed" in outcomes


def as_text(subject: str, results: Sequence[Result]) -> str:
    """For people: one line a demand, chapters in the order in which they were checked."""
    lines = [f"{subject}"]
    chapter = ""
    for result in results:
        if result.chapter != chapter:
            chapter = result.chapter
            lines.append(f"\n{chapter}")
        detail = f"\n         {result.detail}" if result.detail else ""
        lines.append(f"  {_SIGNS[result.outcome]} {result.demand}{detail}")
    lines.append(f"\n{_counts(results)}")
    return "\n".join(lines) + "\n"


def as_json(subject: str, results: Sequence[Result]) -> str:
    """For programs."""
    checks = [asdict(result) for result in results]
    return json.dumps({"subject": subject, "passed": all_passed(results), "checks": checks}, indent=2) + "\n"


def as_junit(subject: str, results: Sequence[Result]) -> str:
    """For CI systems."""
    suite = ET.Element(
        "testsuite",
        name=f"stagedoor conformance {subject}",
        tests=str(len(results)),
        failures=str(sum(result.outcome == "failed" for result in results)),
        skipped=str(sum(result.outcome == "skipped" for result in results)),
        time=f"{sum(result.took_s for result in results):.3f}",
    )
    for result in results:
        case = ET.SubElement(
            suite, "testcase", classname=result.chapter, name=result.demand, time=f"{result.took_s:.3f}"
        )
        if result.outcome != "passed":
            ET.SubElement(case, "failure" if result.outcome == "failed" else "skipped", message=result.detail)
    ET.indent(suite)
    return ET.tostring(suite, "unicode", xml_declaration=True) + "\n"


def _counts(results: Sequence[Result]) -> str:
    counted = {outcome: sum(result.outcome == outcome for result in results) for outcome in _SIGNS}
    return ", ".join(f"{number} {outcome}" for outcome, number in counted.items())
