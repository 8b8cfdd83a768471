"""The command line: `python -m infra.localcloud up` and `... serve SERVICE`."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from infra.localcloud.control.operations import OPERATIONS
from infra.localcloud.run import data_lock
from infra.localcloud.run.process import run
from infra.localcloud.run.ready import clear_ready_file, write_ready_file
from infra.localcloud.run.refusal import StartRefused


class Ready(Protocol):
    """Something that runs and can say how to reach it."""

    def ready(self) -> dict[str, object]:
        """The ready file's content."""


Running = TypeVar("Running", bound=Ready)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for until a signal comes. The exit status."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    if asked.command == "up":
        forget_earlier_run(asked.ready_file, asked.data)
    if asked.command == "serve":
        from infra.localcloud.run.serve import RunningService, ServeOptions, single_service

        serve_options = ServeOptions(asked.service, asked.port, asked.data, asked.ready_file)
        return _run(partial(single_service, serve_options), asked.ready_file, RunningService.banner)
    # Only `up` knows the project: its imports cost a second that one service alone need not pay.
    from infra.localcloud.run.banner import banner
    from infra.localcloud.run.up import UpOptions, up
    from infra.project import PROJECT

    up_options = UpOptions(
        port=asked.port,
        data=asked.data,
        max_instances=asked.max_instances,
        functions=asked.functions,
        ready_file=asked.ready_file,
    )
    return _run(partial(up, up_options, PROJECT), asked.ready_file, banner)


def _run(
    cloud: Callable[[], AbstractAsyncContextManager[Running]],
    ready_file: Path | None,
    text: Callable[[Running], str],
) -> int:
    def announce(running: Running) -> None:
        if ready_file is not None:
            write_ready_file(ready_file, running.ready())
        print(text(running), flush=True)

    status = run(cloud, announce)
    if status == 0:
        clear_ready_file(ready_file)
    return status


def forget_earlier_run(ready_file: Path | None, data: Path) -> None:
    """Take away the ready file of a run that is over before anything slow begins, so that nobody
    reads its dead addresses; not that of one that still owns the data.
    """
    with suppress(StartRefused), data_lock.hold(data):
        clear_ready_file(ready_file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.localcloud", description="The cloud on a laptop."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    whole = commands.add_parser("up", help="the whole cloud with the project on it")
    _add_common(whole, data=Path(".local"))
    whole.add_argument(
        "--max-instances", type=_count, default=4, metavar="K", help="of each function (4)"
    )
    whole.add_argument(
        "--functions", type=Path, metavar="DIR", help="run packaged functions from this folder"
    )
    single = commands.add_parser("serve", help="one service alone")
    single.add_argument("service", choices=sorted(OPERATIONS))
    _add_common(single, data=None)
    return parser


def _add_common(parser: argparse.ArgumentParser, *, data: Path | None) -> None:
    parser.add_argument(
        "--port", type=_port, default=8080, metavar="N", help="8080 unless told; 0 for a free one"
    )
    parser.add_argument(
        "--data", type=Path, default=data, metavar="DIR", help="where the data is kept"
    )
    parser.add_argument(
        "--ready-file", type=Path, metavar="F", help="written whole once all is ready"
    )


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a port is a number") from None
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is 0 to 65535")
    return port


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return count


if __name__ == "__main__":
    sys.exit(main())
