"""python -m infra.doctor --stage dev [--json]

Reads the account of a stage and says in one table what is missing or wrong, with what to do; it
changes nothing. With the environment of infra/s.env.example and credentials in ALIBABA_CLOUD_*; a
read-only role is enough (infra/doctor/rights.py). `--stage local` is the cloud of `make up`.

    SESAME_API_ADDRESS    where the HTTP API answers, in the place of s.yaml's domain
    SESAME_FC_ENDPOINT    a URL in the place of Function Compute's own

Exit code 0: nothing is wrong. 1: something is. 2: the account could not be looked at at all.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from infra.doctor.model import LOCAL

if TYPE_CHECKING:
    from infra.doctor.examine import Report

ROOT = Path(__file__).resolve().parents[2]
_WIDTH, _WIDEST = 100, 140


def main(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    now_s: Callable[[], float] = time.time,
) -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.doctor")
    parser.add_argument("--stage", required=True)
    parser.add_argument("--json", action="store_true", help="for a program")
    parser.add_argument(
        "--ready-file",
        type=Path,
        default=Path(".local/ready.json"),
        help="of the local cloud, in its data folder",
    )
    chosen = parser.parse_args(arguments)
    from infra.doctor.local_cloud import CloudMissing, local_stage  # 1 s, and not for --help
    from infra.doctor.table import lines_of

    api = environment.get("SESAME_API_ADDRESS", "").rstrip("/")
    if chosen.stage == LOCAL:
        try:
            local = local_stage(chosen.ready_file)
        except CloudMissing as missing:
            print(f"doctor: {missing}", file=sys.stderr)
            return 2
        environment, api = local.environment, local.api
    report = look(chosen.stage, environment, now_s=now_s, api=api)
    if chosen.json:
        print(report.as_json())
        return report.exit_code
    is_terminal = sys.stdout.isatty()
    width = min(shutil.get_terminal_size((_WIDTH, 24)).columns, _WIDEST) if is_terminal else _WIDTH
    for line in lines_of(report, width=width, is_coloured=is_terminal):
        print(line)
    return report.exit_code


def look(
    stage: str, environment: Mapping[str, str], *, now_s: Callable[[], float], api: str = ""
) -> Report:
    """Every check of a stage. api: the address of the HTTP API; empty for s.yaml's domain."""
    from infra.doctor.checks import CHECKS
    from infra.doctor.examine import Report, examine, open_case
    from infra.doctor.services import account_services

    with ExitStack() as stack:
        case = open_case(
            stage,
            {**environment, "STAGE": stage},
            s_yaml=ROOT / "s.yaml",
            connect=lambda settings, names: stack.enter_context(
                account_services(settings, names, now_s=now_s)
            ),
            now_s=now_s,
            api=api,
        )
        return Report(case, tuple(examine(case, CHECKS)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
