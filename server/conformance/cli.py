"""`stagedoor conformance`: proves a server with a scripted fan, or a client with a scripted server.

conformance ws://HOST:PORT/ws     a scripted fan against any server
conformance --serve               a scripted server against any client
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from server.conformance.client import check_client
from server.conformance.fan import check_server
from server.conformance.line import Target
from server.conformance.report import Result, all_passed, as_json, as_junit, as_text

_FORMS = {"text": as_text, "json": as_json, "junit": as_junit}


def conformance_command(argv: Sequence[str]) -> int:
    """Runs the command; 0: conforms, 1: does not, 2: asked wrongly."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if bool(arguments.url) == arguments.serve:
        parser.error("give the address of a server, or --serve")
    try:
        if arguments.serve:
            subject = f"client at port {arguments.port}"
            results = asyncio.run(check_client(arguments.port, _say, arguments.only, arguments.page))
        else:
            subject = str(arguments.url)
            target = Target(
                arguments.url,
                arguments.token,
                host_token=arguments.host_token,
                spectator_token=arguments.spectator_token,
                ticket_token=arguments.ticket_token,
            )
            results = asyncio.run(check_server(target, _say, arguments.only, arguments.at_once))
    except OSError as error:
        sys.stderr.write(f"stagedoor: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 1
    text = _FORMS[arguments.report](subject, results)
    if arguments.output:
        arguments.output.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)
    return 0 if all_passed(results) else 1


def _say(result: Result) -> None:
    sys.stderr.write(f"{result.outcome:7} {result.took_s:5.1f} s  {result.chapter}: {result.demand}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stagedoor conformance", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("url", nargs="?", default="", help="ws://HOST:PORT/ws of the server under test")
    parser.add_argument("--token", default="", help="a join token, where the server asks for one")
    parser.add_argument("--host-token", default="", help="a join token of an event's host, to check hosts too")
    parser.add_argument("--spectator-token", default="", help="... of a spectator of the same event")
    parser.add_argument("--ticket-token", default="", help="... of a ticket of the same event, which is used up")
    parser.add_argument("--serve", action="store_true", help="be the server; the client under test connects to it")
    parser.add_argument("--port", type=int, default=8701, help="with --serve: where to listen")
    parser.add_argument("--page", type=Path, help="with --serve: a folder to serve too, for clients in a browser")
    parser.add_argument("--only", default="", help="only demands or chapters that contain this text")
    parser.add_argument("--at-once", type=int, default=1, help="checks of a server that run at the same time")
    parser.add_argument("--report", choices=tuple(_FORMS), default="text")
    parser.add_argument("--output", type=Path, help="a file for the report; default: stdout")
    return parser
