"""The page of the look-up: a form, and an answer in the reader's language; nothing said twice."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from shared.console.page import Content, Locale, Visit, Visitor
from shared.console.pages.lookup import LookupPage
from shared.console.rendering import Frame, render
from shared.console.words import words_in
from shared.errors import Forbidden
from shared.phone_parser import parse_phone
from shared.support.asking import Asked, Asker
from shared.support.attempt import Attempt, Line, Verdict
from shared.support.explanations import Explanations, Text, names_in
from shared.support.look_up import Found

WORDS = Path(__file__).resolve().parents[3] / "shared" / "console" / "words"
PHONE = "+8613800138000"
FORM = {"what": PHONE, "who": "Li Lei", "why": "ticket T48213"}
BOOK = Explanations(lambda code: "off")
HOSTILE = "<script>alert(1)</script>"
NOW_MS = 1_800_000_000_000


class Answers:
    """Implements LooksUp: says what it was given."""

    def __init__(self, *codes: Attempt, error: Exception | None = None) -> None:
        self.codes = codes
        self.error = error
        self.asked: list[tuple[Asked, Asker]] = []

    def __call__(self, asked: Asked, *, by: Asker, now_ms: int) -> Found:
        self.asked.append((asked, by))
        if self.error:
            raise self.error
        return Found(asked, BOOK.verdict("nothing_found"), codes=self.codes)


def attempt(kind: str = "undelivered", *, text: str = "MK:0010", is_asked: bool = False) -> Attempt:
    because = BOOK.carrier(text)
    return Attempt(
        kind="code",
        name=text,
        tenant=text,
        topic=text,
        channel=text,
        to=text,
        created_ms=NOW_MS - 60_000,
        expires_ms=NOW_MS,
        wrong_guesses=1,
        guess_limit=3,
        lines=(
            Line(NOW_MS - 60_000, "code.requested", "", Text("Asked.", "请求。")),
            Line(NOW_MS, "code.undelivered", text, Text("Not there.", "未送达。"), because),
            Line(NOW_MS, f"code.{text}", text, Text("Odd.", "奇怪。")),
        ),
        verdict=Verdict(kind, False, BOOK.verdict(kind), because),
        is_asked=is_asked,
    )


def visit(
    form: Mapping[str, str] | None = None,
    *,
    locale: Locale = "en",
    scopes: frozenset[str] = frozenset({"support"}),
) -> Visit:
    visitor = Visitor("shop", scopes, "1234abcd")
    method = "GET" if form is None else "POST"
    return Visit(method, "/console/lookup", {}, form or {}, visitor, locale, NOW_MS)


def shown(look_up: Answers, asked: Visit) -> tuple[Content, str]:
    content = LookupPage(look_up=look_up, parse_phone=parse_phone)(asked)
    frame = Frame(asked.locale, asked.path, {}, asked.visitor, now_ms=NOW_MS)
    return content, render(content.template, content.values, frame)


def test_a_visit_shows_the_form_and_looks_nothing_up() -> None:
    look_up = Answers()

    content, html = shown(look_up, visit())

    assert content.status == 200
    assert 'method="post"' in html
    assert look_up.asked == []


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_an_answer_says_why_what_to_do_and_what_to_tell(locale: Locale) -> None:
    look_up = Answers(attempt())

    content, html = shown(look_up, visit(FORM, locale=locale))

    (found,) = BOOK.carrier("MK:0010")
    assert content.status == 200
    for text in (found.cause, found.fix, found.say):
        assert text.to(locale) in html
    assert "+86******8000" in html
    assert not re.search(r"\blookup\.[a-z]", html)
    ((asked, by),) = look_up.asked
    assert asked.phone == parse_phone(PHONE)
    assert (by.tenant, by.key_name, by.who, by.why) == (
        *("shop", "1234abcd", "Li Lei", "ticket T48213"),
    )
    assert by.sees("shop")
    assert not by.sees("bank")


def test_the_number_is_never_put_back() -> None:
    for form in (FORM, {**FORM, "why": f"call {PHONE}"}, {**FORM, "who": ""}):
        _, html = shown(Answers(attempt()), visit(form))

        assert "13800138000" not in html
        assert "00138000" not in html


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"who": ""}, "who.too_short"),
        ({"why": ""}, "why.too_short"),
        ({"what": ""}, "what.missing"),
        ({"what": HOSTILE}, "what.unreadable"),
        ({"what": "12345"}, "what.not_a_phone"),
    ],
)
@pytest.mark.parametrize("locale", ["en", "zh"])
def test_what_is_wrong_with_the_form_is_said(
    locale: Locale, change: dict[str, str], problem: str
) -> None:
    look_up = Answers()

    content, html = shown(look_up, visit({**FORM, **change}, locale=locale))

    assert content.status == 400
    assert look_up.asked == []
    assert words_in(locale).plain(f"lookup.problem.{problem}") in html
    assert HOSTILE not in html


def test_all_that_is_wrong_is_said_at_once() -> None:
    _, html = shown(Answers(), visit({}))

    for problem in ("who.too_short", "why.too_short", "what.missing"):
        assert words_in("en").plain(f"lookup.problem.{problem}") in html


def test_another_tenants_id_is_said_to_be_so() -> None:
    content, html = shown(Answers(error=Forbidden()), visit({**FORM, "what": f"msg_{'0' * 48}"}))

    assert content.status == 403
    assert words_in("en").plain("lookup.problem.what.foreign").split(".")[0] in html.replace(
        "&#39;", "'"
    )


def test_nothing_found_says_what_to_do() -> None:
    _, html = shown(Answers(), visit(FORM))

    assert "two days" in html
    assert BOOK.verdict("nothing_found").say.en in html


def test_hostile_values_are_text() -> None:
    form = {"what": PHONE, "who": HOSTILE, "why": f'"><img src=x onerror=alert(1)> {HOSTILE}'}

    _, html = shown(Answers(attempt(text=HOSTILE, is_asked=True)), visit(form))

    assert "<script>alert" not in html
    assert "<img" not in html.replace('<img src="/console/static', "")
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_every_end_has_a_word(locale: Locale) -> None:
    words = words_in(locale)

    for kind in set(names_in("verdicts")) - {"nothing_found"}:
        assert words.has(f"lookup.end.{kind}")


def test_both_languages_have_the_same_words_and_gaps() -> None:
    en, zh = (
        json.loads((WORDS / f"lookup.{locale}.json").read_text(encoding="utf-8"))
        for locale in ("en", "zh")
    )

    assert en.keys() == zh.keys()
    for key in en:
        assert set(re.findall(r"{\w+}", en[key])) == set(re.findall(r"{\w+}", zh[key])), key


def test_every_word_is_used() -> None:
    sources = " ".join(
        file.read_text(encoding="utf-8")
        for folder, pattern in (("templates", "lookup*.html"), ("pages", "lookup.py"))
        for file in (WORDS.parent / folder).glob(pattern)
    )
    built = ("lookup.problem.", "lookup.answer.", "lookup.end.")
    keys = json.loads((WORDS / "lookup.en.json").read_text(encoding="utf-8"))

    assert [key for key in keys if key not in sources and not key.startswith(built)] == []
