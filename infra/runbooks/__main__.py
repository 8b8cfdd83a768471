"""python -m infra.runbooks QUERY [--minutes 60] [--stage prod]

Asks one query of infra/watch/queries.py of the stage's log store, and prints its rows; without
QUERY, lists them all. With the settings of infra/foundation/settings.py in the environment, and
STAGE if there is no --stage. Exit code 0: answered, with rows or with none; 1: not answered.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from infra.foundation.model import FoundationFailed
from infra.foundation.role import LOG_STORE
from infra.foundation.settings import Settings, read_settings
from infra.watch.queries import QUERIES, Query

Rows = Sequence[Mapping[str, str]]
_WIDEST = 40


def main(arguments: Sequence[str], environment: Mapping[str, str], *, now_s: int) -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.runbooks")
    parser.add_argument("query", nargs="?", choices=sorted(QUERIES), metavar="QUERY")
    parser.add_argument("--minutes", type=int, default=60, help="how far back; 60")
    parser.add_argument("--stage", default=environment.get("STAGE", ""))
    chosen = parser.parse_args(arguments)
    if chosen.query is None:
        for name, query in QUERIES.items():
            print(f"{name:<20}{query.title}")
        return 0
    try:
        settings = read_settings(environment, stage=chosen.stage, account_id="")
        rows = ask(settings, QUERIES[chosen.query], to_s=now_s, minutes=chosen.minutes)
    except FoundationFailed as failure:
        print(f"runbooks: {failure}", file=sys.stderr)
        return 1
    for line in table(rows):
        print(line)
    return 0


def ask(settings: Settings, query: Query, *, to_s: int, minutes: int) -> Rows:
    """The rows of a query, by GetLogsV2. Raises FoundationFailed."""
    from alibabacloud_sls20201230 import models  # 0.3 s, and not for the list

    from infra.foundation.openapi import failed
    from infra.foundation.sls import sls_client

    request = models.GetLogsV2Request(query=query.text, from_=to_s - minutes * 60, to=to_s)
    try:
        body: Any = (  # untyped SDK
            sls_client(settings).get_logs_v2(settings.project, LOG_STORE, request).body
        )
    except Exception as error:  # the SDK's transport raises more kinds than it names
        raise failed(error) from None
    rows: Rows = body.data or []
    return rows


def table(rows: Rows) -> Sequence[str]:
    """The lines to print: a heading, and a line for each row; or that there is none."""
    if not rows:
        return ["nothing"]
    # SLS adds `__source__` and `__time__` to each row.
    names = [name for name in rows[0] if not name.startswith("__")]
    cells = [names, *([_shown(row.get(name, "")) for name in names] for row in rows)]
    widths = [max(len(line[number]) for line in cells) for number in range(len(names))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def _shown(cell: str) -> str:
    return cell if len(cell) <= _WIDEST else cell[: _WIDEST - 3] + "..."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, now_s=int(time.time()) + 1))
