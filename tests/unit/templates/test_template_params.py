"""What a caller may put into a template."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.template import Content, Template, Variable, VariableKind
from shared.templates.params import check_params


def template(kind: VariableKind = "text", *, min_length: int = 1, max_length: int = 35) -> Template:
    return Template(
        name="example",
        kind="notice",
        owner="team",
        sign_name="芝麻开门",
        variables=(Variable("value", kind, max_length, min_length),),
        contents={"zh": Content("请看${value}。")},
    )


def reason(value: object, kind: VariableKind = "text", **lengths: int) -> str:
    """The one reason, or an empty text."""
    problems = check_params(template(kind, **lengths), {"value": value})
    assert [problem.field for problem in problems] in ([], ["params.value"])
    return problems[0].reason if problems else ""


def test_a_missing_and_an_extra_value_are_both_named() -> None:
    problems = check_params(template(), {"valeu": "x"})

    assert {(each.field, each.reason) for each in problems} == {
        ("params.valeu", "the template has no such variable"),
        ("params.value", "missing"),
    }


def test_a_name_that_is_none_is_not_repeated() -> None:
    problems = check_params(template(), {"value": "x", "13800138000": "x"})

    assert [problem.field for problem in problems] == ["params"]


@pytest.mark.parametrize("value", [None, 5, 1.5, True, ["a"], {"a": 1}, b"a"])
def test_what_is_not_a_string_is_refused(value: object) -> None:
    assert reason(value) == "must be a string"


@pytest.mark.parametrize(
    ("value", "told"),
    [("", "shorter"), ("   ", "shorter"), ("ab", "shorter"), ("abcdefg", "longer"), ("abc", "")],
)
def test_lengths_are_the_variable_s_own(value: str, told: str) -> None:
    found = reason(value, min_length=3, max_length=6)

    assert found.startswith(told)
    assert bool(found) == bool(told)


@pytest.mark.parametrize(
    "value",
    [
        "http://evil.example/x",
        "ftp://a",
        "HTTPS://A",
        "看 www.evil",
        "evil.com",
        "EVIL.Top/abc",
        "a.b.newtld",
        "ｅｖｉｌ．ｃｏｍ",
        "evil。com",
        "evil｡com",
        "例子.中国",
        "a.xn--fiqs8s",
        "t.cn/abc",
    ],
)
def test_links_and_domain_names_are_refused(value: str) -> None:
    assert reason(value) == "holds a link or a domain name"


@pytest.mark.parametrize(
    "value", ["已发货", "滨江门诊3.5楼", "Tom & Co", "v1.2", "已签收。谢谢", "A/B", "a: b", "25℃"]
)
def test_plain_text_is_taken(value: str) -> None:
    assert reason(value) == ""


@pytest.mark.parametrize("value", ['["a"]', '{"a": 1}', " [1, 2]", "[]"])
def test_json_is_refused(value: str) -> None:
    assert reason(value) == "must be plain text, not JSON"


def test_brackets_alone_are_not_json() -> None:
    assert reason("[加急] 请看") == ""


@pytest.mark.parametrize(
    "value", ["a\nb", "a\rb", "a\tb", "a\x00b", "a\u202eb", "a\u200bb", "\ud800"]
)
def test_control_characters_are_refused(value: str) -> None:
    assert reason(value) == "holds a line break or another control character"


@pytest.mark.parametrize("value", ["好😀", "☎", "1️⃣", "⭐", "✅"])
def test_emoji_are_refused(value: str) -> None:
    assert "emoji" in reason(value)


@pytest.mark.parametrize(
    ("kind", "value", "is_taken"),
    [
        ("number", "12", True),
        ("number", "1,234.50", True),
        ("number", "-3", True),
        ("number", "12a", False),
        ("number", "１２", False),
        ("code", "7-2-4081", True),
        ("code", "****1234", True),
        ("code", "AB 12", False),
        ("code", "取件", False),
        ("amount", "¥1,2**.00", True),
        ("amount", "CNY 299.00", True),
        ("amount", "299元", True),
        ("amount", "€5", True),
        ("amount", "CNY", False),
        ("amount", "很多钱", False),
        ("time", "2026-11-23 14:05", True),
        ("time", "11月24日上午9时", True),
        ("time", "2026-11-23T14:05Z", True),
        ("time", "soon", False),
    ],
)
def test_each_kind_has_its_own_alphabet(kind: VariableKind, value: str, is_taken: bool) -> None:
    assert (reason(value, kind) == "") == is_taken


@given(st.text(max_size=40))
def test_any_text_has_at_most_one_reason_which_does_not_quote_it(value: str) -> None:
    for kind in ("text", "number", "code", "amount", "time"):
        found = reason(value, kind)  # type: ignore[arg-type]  # each is a VariableKind
        marked = "§" + value
        assert "§" not in reason(marked, kind)  # type: ignore[arg-type]  # the same
        assert found == "" or found[0] in "shml"
