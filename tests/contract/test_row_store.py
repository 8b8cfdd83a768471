"""What a row store promises, asked of each implementation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.rows import (
    RECORDS,
    Require,
    RowChange,
    RowKey,
    RowRange,
    RowStore,
    Value,
    require_absent,
)

A, B = RowKey("subject", "a"), RowKey("subject", "b")


def test_a_change_without_requirements_makes_the_row(rows: RowStore) -> None:
    assert rows.apply([RowChange(A, puts={"text": "é中", "number": 2**40})]) == [True]

    assert rows.read([A, B]) == [{"text": "é中", "number": 2**40}, None]


@pytest.mark.parametrize(
    ("op", "value", "holds"),
    [
        ("==", 5, True),
        ("==", 6, False),
        ("<", 6, True),
        ("<", 5, False),
        ("<=", 5, True),
        ("<=", 4, False),
        (">", 4, True),
        (">", 5, False),
    ],
)
def test_requirements_compare_numbers(rows: RowStore, op: str, value: int, holds: bool) -> None:
    rows.apply([RowChange(A, puts={"n": 5})])

    change = RowChange(A, (Require("n", op, value),), puts={"seen": 1})  # type: ignore[arg-type]
    assert rows.apply([change]) == [holds]
    assert ("seen" in (rows.read([A])[0] or {})) == holds


@pytest.mark.parametrize(("value", "holds"), [("left", True), ("right", False), ("", False)])
def test_requirements_compare_text(rows: RowStore, value: str, holds: bool) -> None:
    rows.apply([RowChange(A, puts={"side": "left"})])

    assert rows.apply([RowChange(A, (Require("side", "==", value),), puts={"x": 1})]) == [holds]


@pytest.mark.parametrize("if_missing", [True, False])
def test_a_missing_column_has_the_verdict_that_was_asked_for(
    rows: RowStore, if_missing: bool
) -> None:
    change = RowChange(A, (Require("n", "<", 3, if_missing=if_missing),), adds={"n": 1})

    assert rows.apply([change]) == [if_missing]


def test_all_requirements_must_hold(rows: RowStore) -> None:
    rows.apply([RowChange(A, puts={"n": 1, "m": 1})])
    both = (Require("n", "==", 1), Require("m", "==", 2))

    assert rows.apply([RowChange(A, both, puts={"x": 1})]) == [False]


def test_require_absent_holds_only_without_the_column(rows: RowStore) -> None:
    change = RowChange(A, (require_absent("n"),), puts={"n": 1})

    assert rows.apply([change]) == [True]
    assert rows.apply([change]) == [False]


def test_puts_adds_and_deletes_happen_together(rows: RowStore) -> None:
    rows.apply([RowChange(A, puts={"old": 1, "n": 5})])

    rows.apply([RowChange(A, puts={"new": "x"}, adds={"n": -2, "m": 3}, deletes=("old", "none"))])

    assert rows.read([A]) == [{"new": "x", "n": 3, "m": 3}]


def test_many_long_columns_go_in_one_change(rows: RowStore) -> None:
    columns = [f"n_{number:031d}" for number in range(300)]
    for start in range(0, 300, 100):
        rows.apply([RowChange(A, puts=dict.fromkeys(columns[start : start + 100], "x" * 90))])

    assert rows.apply([RowChange(A, puts={"kept": 1}, deletes=tuple(columns))]) == [True]
    assert rows.read([A]) == [{"kept": 1}]


def test_a_batch_tells_each_rows_outcome_in_order(rows: RowStore) -> None:
    rows.apply([RowChange(A, puts={"n": 1})])

    applied = rows.apply(
        [
            RowChange(A, (Require("n", "==", 2),), puts={"x": 1}),
            RowChange(B, puts={"x": 1}),
            RowChange(RowKey("other", "c"), (Require("n", ">", 0),), adds={"n": 1}),
        ]
    )

    assert applied == [False, True, False]


def test_more_rows_than_a_batch_may_read_are_read(rows: RowStore) -> None:
    keys = [RowKey("subject", f"row-{number:03d}") for number in range(150)]
    rows.apply([RowChange(key, puts={"n": number}) for number, key in enumerate(keys)])

    assert rows.read(keys) == [{"n": number} for number in range(150)]


def test_no_changes_are_no_batch(rows: RowStore) -> None:
    assert rows.apply([]) == []


def test_parallel_changes_of_one_row_never_pass_its_limit(rows: RowStore) -> None:
    change = RowChange(A, (Require("n", "<", 7, if_missing=True),), adds={"n": 1})
    with ThreadPoolExecutor(12) as pool:
        applied = [each for each in pool.map(lambda _: rows.apply([change])[0], range(120)) if each]

    assert len(applied) == 7
    row: dict[str, Value] = dict(rows.read([A])[0] or {})
    assert row == {"n": 7}


C = RowKey("subject", "c", RECORDS)


def test_a_batch_may_touch_several_tables(rows: RowStore) -> None:
    refused = RowChange(C, (Require("n", ">", 1),), puts={"x": 1})
    in_state = RowKey(C.subject, C.item)

    applied = rows.apply([RowChange(A, puts={"n": 1}), refused, RowChange(in_state, puts={"n": 2})])

    assert applied == [True, False, True]
    assert rows.read([C, A, in_state]) == [None, {"n": 1}, {"n": 2}]


def test_a_drop_takes_the_whole_row_if_its_requirement_holds(rows: RowStore) -> None:
    rows.apply([RowChange(A, puts={"n": 1}), RowChange(C, puts={"n": 1})])

    applied = rows.apply(
        [
            RowChange(A, (Require("n", "==", 2),), drops=True),
            RowChange(C, (Require("n", "==", 1),), drops=True),
        ]
    )

    assert applied == [False, True]
    assert rows.read([A, C]) == [{"n": 1}, None]


def test_a_scan_gives_rows_of_one_subject_in_order(rows: RowStore) -> None:
    keys = [RowKey("agenda", item, RECORDS) for item in ("03", "01", "02", "04")]
    rows.apply([RowChange(key, puts={"n": int(key.item)}) for key in keys])
    rows.apply([RowChange(RowKey("other", "01", RECORDS), puts={"n": 9})])

    assert isinstance(rows, RowRange)
    found = rows.scan(table=RECORDS, subject="agenda", start="01", end="04", limit=2)
    assert [(key.item, row["n"]) for key, row in found] == [("01", 1), ("02", 2)]
    assert rows.scan(table=RECORDS, subject="agenda", start="05", end="06", limit=2) == []
