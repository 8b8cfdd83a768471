"""The search language: how it is read, and what it finds."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.localcloud.sls.errors import SlsRefused
from infra.localcloud.sls.index import read_index
from infra.localcloud.sls.matching import check, matches
from infra.localcloud.sls.records import Log, Record
from infra.localcloud.sls.search import (
    AllOf,
    AnyOf,
    Bound,
    Comparison,
    Everything,
    Exists,
    Node,
    Not,
    Words,
    read_search,
    split_query,
)
from tests.localcloud.sls.running import INDEX

MESSAGE = json.dumps({"event": "sms_sent", "status": 503, "path": "/v1/otp", "ok": False})
RECORD = Record(
    Log(
        0,
        0.0,
        "FCLogs:request-otp",
        "192.0.2.1",
        tags={"role": "test"},
        fields={
            "status": "503",
            "took": "1.5",
            "method": "POST /v1/otp",
            "note": "Timeout, again",
            "bad": "x",
            "empty": "",
            "message": MESSAGE,
        },
    )
)


def finds(query: str) -> bool:
    index, node = read_index(INDEX), read_search(query)
    check(node, index)
    return matches(node, RECORD, index)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "  ",
        "*",
        "timeout",
        "TIMEOUT again",
        "timeout and again",
        '"again timeout"',
        "time*",
        "t?meout",
        "nothing or timeout",
        "not nothing",
        "not not timeout",
        "timeout not nothing",
        "(nothing or timeout) and again",
        "nothing and x or timeout",
        "method: post",
        "method:v1",
        'method: "POST /v1/otp"',
        "METHOD or method: po*",
        "status: 503",
        "status = 503",
        "status >= 503",
        "status<504",
        "status in [500 503]",
        "status in (502 504)",
        "status in [500, 599]",
        "took > 1.25",
        "message.event: sms_sent",
        "message.status > 500",
        "message.path: otp",
        "message.ok: false",
        "message.event: *",
        "method: *",
        '__topic__: "FCLogs:request-otp"',
        '"__tag__:role": test',
        "sms_sent",
    ],
)
def test_search_finds(query: str) -> None:
    assert finds(query)


@pytest.mark.parametrize(
    "query",
    [
        "nothing",
        "time",
        "not timeout",
        "timeout and nothing",
        "timeout nothing",
        '"time*"',
        "status: 504",
        "status > 503",
        "status in [500 503)",
        "method: delete",
        "message.event: sms",
        "message.status: 1",
        "message.nothing: *",
        "not (timeout or nothing)",
        '":"',
    ],
)
def test_search_does_not_find(query: str) -> None:
    assert not finds(query)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("(a", "not closed|middle"),
        ("a)", "unexpected"),
        ("a and", "middle"),
        ("or a", "unexpected"),
        ("*fail", "wildcard"),
        ("note: x", "not config as key value"),
        ("status: high", "not a number"),
        ("status > x", "not a number"),
        ("method > 5", "not config as numberic column"),
        ("note: *", "not config as key value"),
        ("method: (a or b)", "one value"),
        ("status in [1 2", "middle"),
        ('"open', "unexpected"),
        ("[a]", "unexpected"),
        (" ".join(["a"] * 31), "30 conditions"),
        ("(" * 40 + "a" + ")" * 40, "30 parentheses"),
    ],
)
def test_search_refuses(query: str, why: str) -> None:
    with pytest.raises(SlsRefused) as caught:
        finds(query)
    assert caught.value.code == "ParameterInvalid"
    assert any(part in caught.value.message for part in why.split("|"))


def test_query_is_parted_at_the_first_bar_outside_of_quotes() -> None:
    assert split_query('a "b|c\\"|" | select 1 | 2') == ('a "b|c\\"|" ', " select 1 | 2")
    assert split_query("a") == ("a", "")


names = st.from_regex(r"[a-z_][a-z0-9_.]{0,8}", fullmatch=True).filter(
    lambda name: name not in ("and", "or", "not", "in")
)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=8)
comparisons: st.SearchStrategy[Comparison] = st.sampled_from(["=", ">", ">=", "<", "<="])
leaves: st.SearchStrategy[Node] = st.one_of(
    st.just(Everything()),
    st.builds(Words, names),
    st.builds(Words, texts, st.one_of(st.just(""), names), st.just(True)),
    st.builds(Exists, names),
    st.builds(Bound, names, comparisons, st.integers(-99, 99).map(float)),
)


def some_of(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    lists = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Not, parts.filter(lambda part: not isinstance(part, Not))),
        st.builds(AllOf, lists),
        st.builds(AnyOf, lists),
    )


def written(node: Node) -> str:
    match node:
        case Everything():
            return "*"
        case Words(text, field, is_quoted):
            word = '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"'))
            return f"{field + ': ' if field else ''}{word if is_quoted else text}"
        case Exists(field):
            return f"{field}: *"
        case Bound(field, comparison, number):
            return f"{field} {comparison} {number}"
        case Not(part):
            return f"not ({written(part)})"
        case AllOf(parts):
            return " and ".join(f"({written(part)})" for part in parts)
        case AnyOf(parts):
            return " or ".join(f"({written(part)})" for part in parts)


@given(st.recursive(leaves, some_of, max_leaves=12))
def test_search_is_read_as_it_was_written(node: Node) -> None:
    assert read_search(written(node)) == node


@given(st.text(st.sampled_from('ab:"()[]<>=* \\|?andornti,5.'), max_size=40))
def test_search_of_any_text_is_read_or_refused(text: str) -> None:
    with suppress(SlsRefused):
        finds(text)
