"""`stagedoor models pull | list | verify`: the model cache from a terminal. The work is done in store.py."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from tqdm import tqdm

from server.model_store.catalogue import Model, ModelError
from server.model_store.files import in_megabytes
from server.model_store.pull import BytesArrived, ModelArrived, ModelFound, OtherPullFound, PullEvent, SourceFailed
from server.model_store.store import ModelStore, open_store

Writer = Callable[[str], object]
INTERRUPTED = 130  # what shells answer for a process stopped by Ctrl-C


def models_command(argv: Sequence[str], store: ModelStore | None = None, write: Writer | None = None) -> int:
    """Run `stagedoor models` with these arguments; answer the exit code: 0, or 1 when something is wrong.

    Raises:
        SystemExit: the arguments cannot be understood (argparse, code 2), or `--help` was asked for.
    """
    arguments = _parser().parse_args(argv)
    write = write or sys.stdout.write
    try:
        store = store or open_store()
        if arguments.command == "pull":
            return _pull(store, arguments.names, arguments.sets, write)
        if arguments.command == "verify":
            return _verify(store, arguments.names, write)
        return _list(store, write)
    except ModelError as error:
        write(f"error {error.code}: {error}\n")
        return 1
    except KeyboardInterrupt:
        write("stopped; what arrived is kept, and the next pull goes on from there\n")
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stagedoor models", description="Fetch, list and check the models.")
    commands = parser.add_subparsers(dest="command", required=True)
    pull = commands.add_parser("pull", help="fetch models; without names, the default set")
    pull.add_argument("names", nargs="*", metavar="NAME")
    pull.add_argument("--for", dest="sets", action="append", default=[], metavar="SET", help="every model of a set")
    commands.add_parser("list", help="every model, its size, its state and what it is for")
    verify = commands.add_parser("verify", help="hash models again; without names, every one that is here")
    verify.add_argument("names", nargs="*", metavar="NAME")
    return parser


def _pull(store: ModelStore, names: Sequence[str], sets: Sequence[str], write: Writer) -> int:
    wanted = list(names)
    for set_name in sets or ([] if names else ["default"]):
        wanted += store.catalogue.in_set(set_name)
    with PullLines(write, bars=sys.stderr.isatty()) as lines:
        store.pull(wanted, lines)
    return 0


def _list(store: ModelStore, write: Writer) -> int:
    for status in store.status():
        model = status.model
        row = f"{model.name:16} {status.state:10} {in_megabytes(model.size_bytes):>8}  {model.licence:12}"
        write(f"{row} {', '.join(model.sets) or 'by name only'}\n{'':28}{model.purpose}\n")
    return 0


def _verify(store: ModelStore, names: Sequence[str], write: Writer) -> int:
    statuses = store.verify(names)
    for status in statuses:
        write(f"{status.model.name:16} {status.state}\n")
        for path, state in status.files.items():
            if state != "ready":
                write(f"    {path} is {state}; run: stagedoor models pull {status.model.name}\n")
    if not statuses:
        write("no model is here yet; run: stagedoor models pull\n")
    return 0 if statuses and all(status.state == "ready" for status in statuses) else 1


class PullLines:
    """A pull as a person sees it: a bar for the model on its way (on a terminal), and one line for what happened."""

    def __init__(self, write: Writer, *, bars: bool) -> None:
        self._write = write
        self._bars = bars
        self._bar: tqdm[NoReturn] | None = None

    def __enter__(self) -> "PullLines":
        return self

    def __exit__(self, *_: object) -> None:
        self._close_bar()

    def __call__(self, event: PullEvent) -> None:
        match event:
            case BytesArrived(model, arrived_bytes):
                bar = self._bar = self._bar or self._new_bar(model)
                bar.update(arrived_bytes - bar.n)
            case OtherPullFound():
                self._line("another pull is running here; waiting for it")
            case SourceFailed(model, path, source, reason):
                self._line(f"{model.name}/{path}: {source}: {reason}")
            case ModelFound(model):
                self._line(f"{model.name}: here ({in_megabytes(model.size_bytes)})")
            case ModelArrived(model, sources):
                self._close_bar()
                self._line(f"{model.name}: pulled ({in_megabytes(model.size_bytes)}) from {', '.join(sources)}")

    def _line(self, text: str) -> None:
        with tqdm.external_write_mode():  # so that a bar on screen is not torn
            self._write(f"{text}\n")

    def _new_bar(self, model: Model) -> "tqdm[NoReturn]":
        total_bytes = model.size_bytes
        return tqdm(total=total_bytes, desc=model.name, unit="B", unit_scale=True, disable=not self._bars)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
