"""`python -m infra.seed`: a month of invented figures for the console.

    python -m infra.seed month --messages 2000000 --seed 7 --ready-file .local/ready.json

for the local cloud that wrote the file; without one, SESAME_TABLESTORE_* and credentials in the
environment say where, and the tables must be there. It takes the place of the totals of the last
thirty days, of the tenants `default`, `second` and `clinic` and of everyone, and sends nothing. Not
for an account whose figures somebody believes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.seed.month import Plan, hours
from infra.seed.planted import HOUR_MS
from infra.seed.writing import views_of, write_views
from shared.aliyun.credentials import RoleCredentials, bind_credentials
from shared.aliyun.tablestore import TablestoreRows
from shared.errors import ProviderUnavailable, StoreUnavailable

MOST_MESSAGES = 20_000_000


def main(
    arguments: Sequence[str], environment: Mapping[str, str], now_ms: int | None = None
) -> int:
    """The command line; the exit code. now_ms: the month ends with the hour before; the machine's
    clock if None.
    """
    options = _parser().parse_args(arguments)
    now_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    plan = Plan(options.messages, options.seed, now_ms - now_ms % HOUR_MS, days=options.days)
    try:
        store = _store_of(environment if options.ready_file is None else _told(options.ready_file))
        rows = write_views(store, views_of(hours(plan)))
    except KeyError as missing:
        print(f"seed: {missing.args[0]} is not set", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(f"seed: {options.ready_file} cannot be read: {error}", file=sys.stderr)
        return 1
    except (StoreUnavailable, ProviderUnavailable) as error:
        print(f"seed: {error.code}: {error}", file=sys.stderr)
        return 1
    print(f"{plan.messages} messages in {rows} rows; gone wrong on purpose:")
    for each in plan.trouble:
        if each.end_ms <= plan.start_ms:
            continue
        start = time.strftime("%Y-%m-%d %H:%M", time.gmtime(each.start_ms / 1000))
        span = (each.end_ms - each.start_ms) // HOUR_MS
        line = f"  {each.kind} of {each.dimension} {each.name} from {start}Z for {span} h"
        print(f"{line}, {each.code}" if each.code else line)
    return 0


def _store_of(environment: Mapping[str, str]) -> TablestoreRows:
    """The store that the environment names. Raises KeyError."""
    bind_credentials(
        RoleCredentials(
            environment["ALIBABA_CLOUD_ACCESS_KEY_ID"],
            environment["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
            environment.get("ALIBABA_CLOUD_SECURITY_TOKEN", ""),
        )
    )
    return TablestoreRows(
        endpoint=environment["SESAME_TABLESTORE_ENDPOINT"],
        instance=environment["SESAME_TABLESTORE_INSTANCE"],
    )


def _told(ready_file: Path) -> dict[str, str]:
    """The same as an environment. Raises OSError, ValueError or KeyError."""
    ready = json.loads(ready_file.read_text("utf-8"))
    return {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": ready["access_key_id"],
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ready["access_key_secret"],
        "SESAME_TABLESTORE_ENDPOINT": ready["tablestore"]["endpoint"],
        "SESAME_TABLESTORE_INSTANCE": ready["tablestore"]["instance"],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.seed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=("month",))
    parser.add_argument("--messages", type=_count, default=2_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--ready-file", type=Path)
    parser.add_argument("--days", type=_days, default=30)
    return parser


def _count(text: str) -> int:
    if not 1 <= int(text) <= MOST_MESSAGES:
        raise ValueError(text)
    return int(text)


def _days(text: str) -> int:
    if not 1 <= int(text) <= 180:
        raise ValueError(text)
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
