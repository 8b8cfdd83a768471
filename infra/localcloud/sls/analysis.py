"""Carries out the SQL part of a query over the logs that the search part found.

The logs become a table `log` of a database that lives for this one query, with a column for each
field that the index makes analysable (`doc_value`), and `__time__`. What is known, beside select,
where, group by, having, order by, limit, case, subqueries with their own from: the functions of
functions.py. All else is refused with ParameterInvalid, naming it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from infra.localcloud.sls.errors import SlsRefused, not_here
from infra.localcloud.sls.functions import install
from infra.localcloud.sls.index import Field, FieldType, Index, Value
from infra.localcloud.sls.records import Record
from infra.localcloud.sls.sql import failed, prepare, unresolved

TABLE = "log"
PATIENCE_S = 5.0
_SQL_TYPES: dict[FieldType, str] = {"text": "TEXT", "long": "INTEGER", "double": "REAL"}
_ALLOWED = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ)


@dataclass(frozen=True, slots=True)
class Table:
    """The answer to an analysis: every value a text, as on the wire."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def analyse(sql: str, records: Sequence[Record], index: Index, store: str) -> Table:
    """The rows that `sql` makes of the records. Raises SlsRefused with ParameterInvalid."""
    columns = _columns(index)
    types: dict[str, FieldType] = {name.lower(): field.type for name, field in columns.items()}
    types["__time__"] = "long"
    statement = prepare(sql, types, (TABLE, store.lower()))
    database = sqlite3.connect(":memory:")
    try:
        _fill(database, columns, records)
        _guard(database)
        cursor = database.execute(statement.sql)
        names = [column[0] for column in cursor.description]
        rows = cursor.fetchall()
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _refusal(str(error)) from error
    finally:
        database.close()
    if None not in statement.columns and len(statement.columns) == len(names):
        names = [name for name in statement.columns if name is not None]
    return Table(tuple(names), tuple(tuple(map(_text, row)) for row in rows))


def _columns(index: Index) -> dict[str, Field]:
    """The analysable fields under their names and aliases; of two that differ in case, the
    first.
    """
    columns: dict[str, Field] = {}
    seen = {"__time__"}
    for field in index.analytic_fields():
        for name in (field.name, field.alias):
            if name and name.lower() not in seen:
                seen.add(name.lower())
                columns[name] = field
    return columns


def _fill(
    database: sqlite3.Connection, columns: dict[str, Field], records: Iterable[Record]
) -> None:
    quoted = (
        '"{}" {}'.format(n.replace('"', '""'), _SQL_TYPES[f.type]) for n, f in columns.items()
    )
    database.execute(f"CREATE TABLE {TABLE} ({', '.join(['__time__ INTEGER', *quoted])})")
    places = ", ".join("?" * (len(columns) + 1))
    database.executemany(
        f"INSERT INTO {TABLE} VALUES ({places})",
        (
            (record.log.time_s, *(field.value(record) for field in columns.values()))
            for record in records
        ),
    )


def _guard(database: sqlite3.Connection) -> None:
    names = install(database)

    def allows(
        action: int, first: str | None, second: str | None, _place: str | None, _by: str | None
    ) -> int:
        if action == sqlite3.SQLITE_FUNCTION:
            return sqlite3.SQLITE_OK if (second or "").lower() in names else sqlite3.SQLITE_DENY
        is_own = (first or "").startswith("sqlite_")
        return sqlite3.SQLITE_OK if action in _ALLOWED and not is_own else sqlite3.SQLITE_DENY

    deadline_s = time.monotonic() + PATIENCE_S
    database.set_authorizer(allows)
    database.set_progress_handler(lambda: time.monotonic() > deadline_s, 10_000)


def _refusal(why: str) -> SlsRefused:
    kind, _, name = why.partition(": ")
    if kind == "no such column":
        return unresolved(name)
    if kind in ("no such function", "not authorized to use function"):
        return not_here(f"function {name}")
    return failed(why)


def _text(value: Value | None) -> str:
    return "null" if value is None else str(value)
