"""The SQL part: what it answers, and what it refuses."""

from __future__ import annotations

import json
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.localcloud.sls.analysis import Table, analyse
from infra.localcloud.sls.errors import SlsRefused
from infra.localcloud.sls.index import read_index
from infra.localcloud.sls.records import Log, Record
from tests.localcloud.sls.running import INDEX, STORE

RECORDS = [
    Record(
        Log(
            60 * number,
            0.0,
            fields={
                "status": str(200 + number),
                "took": str(number / 2),
                "method": "GET" if number % 2 else "POST",
                "secret": "s",
                "message": json.dumps({"event": f"e{number % 3}", "status": number}),
            },
        )
    )
    for number in range(10)
]


def ask(sql: str) -> Table:
    return analyse(sql, RECORDS, read_index(INDEX), STORE)


@pytest.mark.parametrize(
    ("sql", "columns", "first"),
    [
        ("select count(*)", ("_col0",), ("10",)),
        ("SELECT COUNT(1) AS n", ("n",), ("10",)),
        ("select sum(status), avg(took) a", ("_col0", "a"), ("2045", "2.25")),
        ("select max(status) - min(status) as span", ("span",), ("9",)),
        ("select status, took where method = 'GET' order by status desc limit 1",
         ("status", "took"), ("209", "4.5")),
        ("select method, count(*) n group by method order by method", ("method", "n"),
         ("GET", "5")),
        ('select "message.event" e, count(*) n group by e order by n desc', ("e", "n"),
         ("e0", "4")),
        ('select "message.event" from log order by status', ("message.event",), ("e0",)),
        ('select sum("message.status") as s from "functions"', ("s",), ("45",)),
        ("select count_if(status >= 205) * 100.0 / count(*) as rate", ("rate",), ("50.0",)),
        ("select approx_percentile(took, 0.95) as p", ("p",), ("4.5",)),
        ("select approx_percentile(took, 0.5) as p", ("p",), ("2.0",)),
        ("select approx_distinct(method) d, count(distinct method) c", ("d", "c"), ("2", "2")),
        ("select max_by(method, status) b, min_by(method, status) s", ("b", "s"), ("GET", "POST")),
        ("select date_trunc('minute', __time__) t, count(*) n group by t order by t", ("t", "n"),
         ("1970-01-01 00:00:00.000", "1")),
        ("select date_trunc('hour', __time__) t, count(*) n group by t", ("t", "n"),
         ("1970-01-01 00:00:00.000", "10")),
        ("select __time__ - __time__ % 120 as t, count(*) n group by t order by t", ("t", "n"),
         ("0", "2")),
        ("select date_format(from_unixtime(__time__), '%H:%i') m order by __time__ desc", ("m",),
         ("00:09",)),
        ("select case when status > 205 then 'x' else 'y' end k, count(*) n group by k order by k",
         ("k", "n"), ("x", "4")),
        ("select if(status > 205, 'x', 'y') k, count(*) n group by k order by k", ("k", "n"),
         ("x", "4")),
        ("select method, count(*) n group by method having count(*) > 9", ("method", "n"), None),
        ("select n from (select count(*) as n from log) where n > 1", ("n",), ("10",)),
        ("select json_extract_scalar(message, '$.event') e order by status", ("e",), ("e0",)),
        ("select concat(method, '-', cast(status as varchar)) c order by status", ("c",),
         ("POST-200",)),
        ("select coalesce(nullif(method, 'POST'), 'none') m order by status", ("m",), ("none",)),
        ("select method, 'it''s', 1, count(*) group by 1", ("method", "_col1", "_col2", "_col3"),
         ("GET", "it's", "1", "5")),
        ("select sum(case when method like 'G%' then 1 else 0 end) g", ("g",), ("5",)),
        ("select null as nothing, 1 as index", ("nothing", "index"), ("null", "1")),
    ],
)  # fmt: skip
def test_sql_answers(sql: str, columns: tuple[str, ...], first: tuple[str, ...] | None) -> None:
    table = ask(sql)
    assert (table.columns, table.rows[:1]) == (columns, (first,) if first else ())


def test_sql_gives_100_rows_unless_told() -> None:
    many = RECORDS * 15
    index = read_index(INDEX)
    assert len(analyse("select status", many, index, STORE).rows) == 100
    assert len(analyse("select status limit 120", many, index, STORE).rows) == 120


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("select nope", "Column 'nope' cannot be resolved"),
        ('select "message.nope"', "Column 'message.nope' cannot be resolved"),
        ("select secret", "Column 'secret' cannot be resolved"),
        ("select method, status, count(*) group by method", "must be an aggregate expression"),
        ("select status + 1, count(*)", "must be an aggregate expression"),
        ("select * where method > 5", "cannot be applied to varchar, bigint"),
        ("select * where \"message.status\" = '5'", "cannot be applied to bigint, varchar"),
        ("select sum(method)", "Unexpected parameters (varchar) for function sum"),
        ("select time_series(__time__, '1m', '%H', '0')", "function time_series is not supported"),
        ("select load_extension('x')", "function load_extension is not supported"),
        ("select randomblob(9)", "function randomblob is not supported"),
        ("select status from (select status)", "specify FROM LogStore in the innermost sql"),
        ("select 1 from other", "LogStore other does not exist"),
        ("select 1 from log, sqlite_master", "Column 'sqlite_master' cannot be resolved"),
        ("delete from log", "does not begin with select"),
        ("select 1; drop table log", "extraneous input ';'"),
        ("select 1 -- why", "Column 'why' cannot be resolved"),
        ("select count(*", "not closed"),
        ("select count(*))", "extraneous input ')'"),
        ("select from", "error after select"),
        ("select 'open", "extraneous input"),
        ("with x as (select 1) select 1", "does not begin with select"),
    ],
)
def test_sql_refuses(sql: str, why: str) -> None:
    with pytest.raises(SlsRefused) as caught:
        ask(sql)
    assert caught.value.code == "ParameterInvalid"
    assert why in caught.value.message


WORDS = (
    "select from log where group by order limit count ( ) * , status method + - 'x' \"took\" 5 as a"
    " case when then end sum and not null distinct over ; | ."
)
words = st.sampled_from(re.split(" ", WORDS))


@given(st.lists(words, max_size=14).map(" ".join))
def test_sql_of_any_words_is_answered_or_refused(words: str) -> None:
    with suppress(SlsRefused):
        ask(f"select {words}")
