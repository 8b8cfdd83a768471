"""The words of the pages in each language, and which language a reader wants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

from markupsafe import Markup, escape

from shared.console.page import Locale

_FOLDER = Path(__file__).parent / "words"


@dataclass(frozen=True, slots=True, repr=False)
class Words:
    """The words of one language by their keys."""

    locale: Locale
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> Markup:
        """The text as HTML, its values escaped; the key itself where there is no text, since a
        page with one odd word is better than none.
        """
        text = escape(self.texts.get(key, key))
        return text.format(**values) if values else text

    def plain(self, key: str, **values: object) -> str:
        """The text for what is not HTML: a file, or a value that a template escapes later."""
        text = self.texts.get(key, key)
        return text.format(**values) if values else text

    def has(self, key: str) -> bool:
        """True if there is a text."""
        return key in self.texts

    def either(self, key: str, otherwise: object) -> Markup:
        """The text, or else what is said to stand in for it, escaped."""
        return self(key) if self.has(key) else escape(otherwise)


@cache
def words_in(locale: Locale) -> Words:
    """All words/<page>.<locale>.json together, read once. Raises ValueError if a key is given
    twice.
    """
    texts: dict[str, str] = {}
    for file in sorted(_FOLDER.glob(f"*.{locale}.json")):
        found = json.loads(file.read_text("utf-8"))
        twice = sorted(texts.keys() & found.keys())
        if twice:
            raise ValueError(f"{file.name}: given before: {', '.join(twice)}")
        texts.update(found)
    return Words(locale, texts)


def locale_of(wanted: str | None) -> Locale | None:
    """A language that there is, by its exact name; None for any other."""
    return next((each for each in get_args(Locale) if each == wanted), None)


def preferred(accept_language: str) -> Locale:
    """The reader's first language that there is, by the header (RFC 9110 12.5.4); else English."""
    best: tuple[float, Locale] = (0.0, "en")
    for item in accept_language[:1000].split(","):
        name, _, weight = item.strip().partition(";")
        locale = locale_of(name.strip().lower().partition("-")[0])
        quality = _quality(weight)
        if locale is not None and quality > best[0]:
            best = (quality, locale)
    return best[1]


def _quality(weight: str) -> float:
    name, _, number = weight.replace(" ", "").partition("=")
    try:
        return float(number) if name.lower() == "q" else 1.0
    except ValueError:
        return 0.0
