"""Both languages say the same things, and templates say only what there are words for."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest
from markupsafe import Markup

from shared.console import formats
from shared.console.words import Words, words_in

CONSOLE = Path(__file__).resolve().parents[3] / "shared" / "console"
TEMPLATES = sorted((CONSOLE / "templates").glob("*.html"))
# A word that is written out; those put together with `~` are held to by the pages' own tests.
_WORD = re.compile(r"""\bt(?:\.plain)?\(\s*(["'])([^"']+)\1\s*(?!\s*~)[,)]""")


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_words() -> None:
    assert words_in("en").texts.keys() == words_in("zh").texts.keys()


@pytest.mark.parametrize("key", sorted(words_in("en").texts))
def test_both_languages_take_the_same_values(key: str) -> None:
    english, chinese = words_in("en").texts[key], words_in("zh").texts[key]

    assert english.strip()
    assert chinese.strip()
    assert places(english) == places(chinese)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_says_only_what_there_are_words_for(template: Path) -> None:
    used = {key for _, key in _WORD.findall(template.read_text("utf-8"))}

    assert not {key for key in used if not words_in("en").has(key)}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_keeps_to_the_policy(template: Path) -> None:
    """The policy of every answer forbids what is inline, and what is another site's."""
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", template.read_text("utf-8"), flags=re.DOTALL)

    assert not re.search(r"""\s(style|on[a-z]+)\s*=\s*["']""", text)
    assert "<style" not in text
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"""(src|href|action)=["'](https?:)?//""", text)
    assert not re.search(r"\|\s*safe|autoescape", template.read_text("utf-8"))


def test_values_are_escaped_and_the_text_is_not_read_again() -> None:
    words = Words("en", {"a": "<Hello {name} & {{all}}>"})

    assert words("a", name="<b>{0.__class__}") == (
        "&lt;Hello &lt;b&gt;{0.__class__} &amp; {all}&gt;"
    )
    assert words("a", name=Markup("<i>x</i>")) == "&lt;Hello <i>x</i> &amp; {all}&gt;"
    assert words.plain("a", name="<b>") == "<Hello <b> & {all}>"


def test_a_word_that_there_is_not_is_its_key() -> None:
    words = Words("en", {})

    assert words("nav.<b>") == "nav.&lt;b&gt;"
    assert words.either("nav.x", "<x>") == "&lt;x&gt;"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (0, "0%"),
        (0.01, "<0.1%"),
        (12.34, "12.3%"),
        (99.94, "99.9%"),
        (99.99, ">99.9%"),
        (100, "100%"),
    ],
)
def test_a_percent_is_all_or_none_only_if_it_is(value: float | None, said: str) -> None:
    assert formats.percent(value) == said


def test_figures_and_times_are_said_as_people_do() -> None:
    assert formats.number(1234567) == "1,234,567"
    assert formats.yuan(1234567) == "¥1,234.57"
    assert formats.moment(1_800_000_000_000) == "2027-01-15 16:00:00 UTC+8"
    assert formats.day(1_799_956_800_000 - 1) == "2027-01-15"
