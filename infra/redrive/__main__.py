"""python -m infra.redrive list|redrive|drop [--reason R] [--template T] [--limit N]

with SESAME_SMQ_ENDPOINT, STAGE and credentials in the environment. A letter leaves the dead-letter
queue only after it is back on its own: cut off at any moment, it can be run again, and the worst
is that something is on its queue twice. Letters that the filters leave out stay where they are.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from typing import TextIO

from infra.queues import DEAD, QUEUES
from shared.aliyun.smq import SmqQueue
from shared.clock import SystemClock
from shared.errors import QueueUnavailable, SesameError
from shared.letters.model import Held, LetterQueue
from shared.letters.redrive import PutBack
from shared.letters.smq import SmqDeadLetters
from shared.queue import Queue

Work = Callable[[Held], bool]


class Redrive:
    """Puts letters back on the queues of a stage."""

    def __init__(self, dead: LetterQueue, queues: Mapping[str, Queue], stage: str) -> None:
        self._put_back = PutBack(dead, queues, stage)

    def redrive(self, held: Held) -> bool:
        """Whether the letter is on its queue again and gone from here."""
        return self._put_back(held) == "redriven"


def run(
    dead: LetterQueue,
    work: Work | None,
    *,
    reason: str | None = None,
    template: str | None = None,
    limit: int | None = None,
    out: TextIO,
    progress: TextIO,
) -> int:
    """Do `work` to the letters that match, or list them (None); how many of them failed.
    Raises QueueUnavailable.
    """
    kept: list[Held] = []
    done = failed = 0
    letters = dead.take()
    try:
        for held in letters:
            letter = held.letter
            is_wanted = reason in (None, letter.reason) and template in (None, letter.template)
            if not is_wanted:
                kept.append(held)
                continue
            if work is None:
                kept.append(held)
                print(letter.shown(), file=out)
                done += 1
            elif work(held):
                done += 1
            else:
                kept.append(held)
                failed += 1
            print(f"{done} done, {failed} failed: {letter.shown()}", file=progress)
            if limit is not None and done + failed >= limit:
                break
    finally:
        letters.close()
        for held in kept:
            dead.release(held)
    print(f"{done} done, {failed} failed, {len(kept)} left or put back", file=progress)
    return failed


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """The command line; the exit code: 1 if something failed and is still there."""
    options = _parser().parse_args(arguments)
    try:
        endpoint, stage = environment["SESAME_SMQ_ENDPOINT"], environment["STAGE"]
    except KeyError as missing:
        print(f"redrive: {missing.args[0]} is not set", file=sys.stderr)
        return 1
    dead = SmqDeadLetters(endpoint, DEAD.name_in(stage))
    queues = {
        spec.name: SmqQueue(endpoint, spec.name_in(stage), clock=SystemClock())
        for spec in QUEUES
        if spec is not DEAD
    }
    works: Mapping[str, Work | None] = {
        "list": None,
        "redrive": Redrive(dead, queues, stage).redrive,
        "drop": dead.delete,
    }
    try:
        failed = run(
            dead,
            works[options.verb],
            reason=options.reason,
            template=options.template,
            limit=options.limit,
            out=sys.stdout,
            progress=sys.stderr,
        )
    except QueueUnavailable as error:
        print(f"redrive: {error}", file=sys.stderr)
        return 1
    except SesameError as error:
        print(f"redrive: {error.code}", file=sys.stderr)
        return 1
    finally:
        dead.close()
        for queue in queues.values():
            queue.close()
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.redrive")
    parser.add_argument("verb", choices=["list", "redrive", "drop"])
    parser.add_argument("--reason", help="only letters with this reason")
    parser.add_argument("--template", help="only letters of this template")
    parser.add_argument("--limit", type=int, help="at most so many")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
