"""The Tablestore tables that the functions stand on, as data, and the step that makes them alone.

    python -m infra.tables plan|apply

with SESAME_TABLESTORE_* and credentials in the environment. Idempotent: a table that is there is
left as it is; one with another key is refused, not replaced. `python -m infra.foundation` brings
all that a stage needs, and changes what a table's options are.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.quiet_tablestore import ots
from shared.rows import CONSENT, RECORDS, STATE


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its key columns, all strings, and how long a cell is kept after it was written.

    ttl_s: at least 86,400, by cell, or -1 for ever; garbage collection only, nothing relies on it
    for expiry.
    """

    name: str
    key: tuple[str, ...]
    ttl_s: int
    max_versions: int = 1


TABLES = (
    # Two days: the longest any row matters is 24 hours, for idempotency keys and rolling days.
    Table(STATE, ("subject", "item"), ttl_s=172_800),
    # How long it is known what became of a message, and what it cost.
    Table(RECORDS, ("subject", "item"), ttl_s=180 * 86_400),
    # Who wants no promotions stays known.
    Table(CONSENT, ("subject", "item"), ttl_s=-1),
)


class TableMismatch(Exception):
    """A table of that name exists with another key; the text names both keys."""


def missing_tables(client: ots.OTSClient) -> list[Table]:
    """The tables that are not there yet. Raises TableMismatch."""
    present = set(client.list_table())
    for table in TABLES:
        if table.name in present:
            key, wanted = key_of(client.describe_table(table.name)), ", ".join(table.key)
            if key != wanted:
                raise TableMismatch(f"{table.name}: its key is ({key}), not ({wanted})")
    return [table for table in TABLES if table.name not in present]


def apply_tables(client: ots.OTSClient) -> list[Table]:
    """Make the tables that are missing; the ones made. Raises TableMismatch."""
    made = missing_tables(client)
    for table in made:
        create_table(
            client,
            table.name,
            key=table.key,
            ttl_s=table.ttl_s,
            max_versions=table.max_versions,
        )
    return made


def create_table(
    client: ots.OTSClient, name: str, *, key: Sequence[str], ttl_s: int, max_versions: int
) -> None:
    """Make one table. key: its columns, all strings."""
    client.create_table(
        ots.TableMeta(name, [(column, "STRING") for column in key]),
        ots.TableOptions(ttl_s, max_versions),
        # Reserved throughput is billed when idle, and only some instances have it.
        ots.ReservedThroughput(ots.CapacityUnit(0, 0)),
    )


def key_of(described: Any) -> str:  # the SDK's untyped answer
    """The key columns as `subject, item`; one that is no string has its type after it."""
    return ", ".join(
        column[0] if column[1] == "STRING" else f"{column[0]} {column[1]}"
        for column in described.table_meta.schema_of_primary_key
    )


def client_from(environment: Mapping[str, str]) -> ots.OTSClient:
    """A client by SESAME_TABLESTORE_* and ALIBABA_CLOUD_* of `environment`."""
    return ots.OTSClient(
        environment["SESAME_TABLESTORE_ENDPOINT"],
        environment["ALIBABA_CLOUD_ACCESS_KEY_ID"],
        environment["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
        environment["SESAME_TABLESTORE_INSTANCE"],
        sts_token=environment.get("ALIBABA_CLOUD_SECURITY_TOKEN") or None,
    )


def main(arguments: list[str]) -> int:
    """The command line; the exit code."""
    if arguments not in (["plan"], ["apply"]):
        print("usage: python -m infra.tables plan|apply", file=sys.stderr)
        return 2
    try:
        client = client_from(os.environ)
        tables = apply_tables(client) if arguments == ["apply"] else missing_tables(client)
    except KeyError as missing:
        print(f"tables: {missing.args[0]} is not set", file=sys.stderr)
        return 1
    except (TableMismatch, ots.OTSServiceError, ots.OTSClientError) as error:
        print(f"tables: {error}", file=sys.stderr)
        return 1
    verb = "made" if arguments == ["apply"] else "missing"
    for table in tables:
        print(f"{verb}: {table.name} {table.key}, TTL {table.ttl_s} s")
    print(f"{len(tables)} {verb}, {len(TABLES) - len(tables)} there")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
