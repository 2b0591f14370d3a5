"""The arguments of `stagedoor events`; an event's own options are the fields of the REST API's bodies, said the same.

What comes next: event_commands.py does what was asked.
"""

import argparse
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, get_args

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from server.api.bodies import PARTY, EventChange, EventIn
from server.store.tables import QueueRule

ABOUT: Final = """Plans, opens, watches and closes events, straight in the store, without a browser or a running server.
A server that runs on the same store takes part within ten seconds."""
EXAMPLES: Final = """an evening, from the beginning to the end:
  stagedoor events plan "Album night" --opens-at "2026-12-01 18:00" --closes-at "2026-12-01 20:00" --slot-s 120
  stagedoor events open 3f2a            the beginning of an id is enough, while no other event begins so
  stagedoor events tickets invite 3f2a Maya Tom
  stagedoor events close 3f2a
  stagedoor events report 3f2a --csv album-night.csv --png album-night.png
a TIME without a time zone is this machine's; 2026-12-01T18:00+01:00 names one"""
VERBS: Final[Mapping[str, str]] = {
    "open": "open a draft: fans may come from now on, and are called in from opens-at on",
    "pause": "call nobody new; who is with the avatar stays",
    "resume": "go on after a pause",
    "close": "end an event, for good: whoever still waits is told",
}
#: Said beside what a field's description says.
_DEFAULTS: Final[Mapping[str, str]] = {
    "persona_id": "default: server.persona",
    "opens_at": "default: now",
    "closes_at": "default: two hours later",
}


def parser() -> argparse.ArgumentParser:
    """`action` is the action with its second word, if it has one."""
    whole = argparse.ArgumentParser(
        prog="stagedoor events",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = whole.add_subparsers(metavar="ACTION", required=True)
    common = _common()

    def add(action: str, about: str, *, event: bool = True, to: Any = actions) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = to.add_parser(
            action.rpartition(" ")[2], help=about, description=f"{about[0].upper()}{about[1:]}.", parents=[common]
        )
        made.set_defaults(action=action)
        if event:
            made.add_argument("event", metavar="EVENT", help="its id, or how it begins")
        return made

    add("list", "every event, the newest first", event=False)
    add("show", "one event, and how fans come to it")
    plan = add("plan", "make an event, as a draft that nobody else sees", event=False)
    plan.add_argument("title")
    _add_terms(plan, leave_out=("title",), defaults=True)
    _add_terms(add("change", "change what is named; what fans came for stays as it is once it was opened"))
    for verb, about in VERBS.items():
        add(verb, about)
    add("delete", "delete a draft or a closed event, with all that was kept of it").add_argument(
        "--yes", action="store_true", help="you mean it"
    )
    _add_tickets(actions, add)
    report = add("report", "the event in numbers: without names and words")
    report.add_argument("--csv", type=Path, metavar="FILE", help="write a line for each visit")
    report.add_argument("--png", type=Path, metavar="FILE", help="draw charts")
    return whole


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--creator", default="", metavar="EMAIL", help="whose events; default: the only account's")
    common.add_argument("--json", action="store_true", help="for scripts: the same as the REST API would answer")
    common.add_argument("--config", type=Path, help="a TOML file; environment variables go over it")
    return common


def _add_tickets(actions: Any, add: Callable[..., argparse.ArgumentParser]) -> None:
    tickets: argparse.ArgumentParser = actions.add_parser("tickets", help="list an event's tickets, or invite fans")
    kinds = tickets.add_subparsers(metavar="ACTION", required=True)
    add("tickets list", "every ticket: its state since when, and whose it is", to=kinds)
    invite = add("tickets invite", "a ticket for each name, and its link, shown this once", to=kinds)
    invite.add_argument("names", nargs="+", metavar="NAME")
    invite.add_argument("--party", default="", metavar="WORD", help=PARTY)
    invite.add_argument("--ref", help="who the fan is on your platform: the same one is the same fan at every event")


def _add_terms(to: argparse.ArgumentParser, leave_out: tuple[str, ...] = (), *, defaults: bool = False) -> None:
    """An option for each field of an event; what is wrong with a value is the body's to say."""
    for name, field in EventIn.model_fields.items():
        if name in leave_out or name not in EventChange.model_fields:
            continue
        about = [field.description or "", *([_default(name, field)] if defaults else [])]
        to.add_argument(f"--{name.replace('_', '-')}", help="; ".join(filter(None, about)), **_kind(name, field))


def _default(name: str, field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return _DEFAULTS.get(name, "")
    return f"default: {'no' if field.default is False else field.default}"


def _kind(name: str, field: FieldInfo) -> Mapping[str, Any]:
    if name == "queue_rule":
        return {"choices": get_args(QueueRule)}
    if field.annotation is bool:
        return {"action": argparse.BooleanOptionalAction}
    if name.endswith("_at"):
        return {"type": _instant, "metavar": "TIME"}
    return {"metavar": "SECONDS" if name.endswith("_s") else "DAYS" if name.endswith("_days") else "N" if
            field.annotation is int else name.upper()}  # fmt: skip


def _instant(text: str) -> datetime:
    """ISO 8601; without a time zone it is this machine's."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2026-12-01 18:00") from None
