"""What every code, limit and reason means, in English and Chinese: cause, fix, what to tell people.

The texts are data (explanations/*.json), a table for each kind of name. `basis` says where a
meaning is from: `docs` is the provider's own pages (help.aliyun.com 101346 and 101347, and the
codes of the carriers in public copies of the latter), `inferred` is our judgement, `ours` is a name
of this service. A name that ends with `*` is a prefix; `?` and what follows it stands for all that
is not known, which is then said so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

Kind = Literal["provider", "carrier", "limits", "reasons", "verdicts"]

_FOLDER = Path(__file__).parent / "explanations"
_REST = "?"
_EXHAUSTED = "exhausted:"
_OF_PURPOSE = re.compile(r"[a-z][a-z0-9_]{0,31}_[0-9]{1,5}s")


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence or a few, in both languages."""

    en: str
    zh: str

    def to(self, locale: Literal["en", "zh"]) -> str:
        """As a reader of that language has it."""
        return self.zh if locale == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a name means. fix: what support or an operator does. say: what the customer is told.

    is_known: False where only the kind of it is told. is_inferred: by our judgement.
    """

    name: str
    cause: Text
    fix: Text
    say: Text
    is_known: bool = True
    is_inferred: bool = False


def _nothing_known(_: str) -> str:
    return "unknown"


@dataclass(frozen=True, slots=True)
class Explanations:
    """Explains names. classify: whose matter a carrier's code is that no table knows, as one of
    number, off, blocked, content, carrier, unknown.
    """

    classify: Callable[[str], str] = field(default=_nothing_known)

    def provider(self, code: str) -> tuple[Explanation, ...]:
        """Why a send was refused: the provider's code, or one of ours that stands in its place."""
        return (
            _found("provider", code) or _found("reasons", code) or _rest("provider", code, _REST),
        )

    def carrier(self, code: str) -> tuple[Explanation, ...]:
        """Why a message did not arrive."""
        name = code.strip().upper()
        kind = f"{_REST}{self.classify(code)}"
        return (_found("carrier", name) or _rest("carrier", code, kind),)

    def limit(self, policy: str) -> tuple[Explanation, ...]:
        """Which limit spoke. Those of a purpose are named by it and their window in seconds."""
        found = _found("limits", policy)
        if found is None and _OF_PURPOSE.fullmatch(policy):
            found = _explanation("limits", "?purpose", policy)
        return (found or _rest("limits", policy, _REST),)

    def reason(self, reason: str) -> tuple[Explanation, ...]:
        """Why a message waits, was given up or not sent; of one that was tried as often as may be,
        the last refusal as well.
        """
        first = _found("reasons", reason) or _found("provider", reason)
        is_exhausted = reason.startswith(_EXHAUSTED)
        also = self.provider(reason.removeprefix(_EXHAUSTED)) if is_exhausted else ()
        return (first or _rest("reasons", reason, _REST), *also)

    def verdict(self, kind: str) -> Explanation:
        """What became of an attempt. Raises KeyError for a kind that there is not."""
        return _explanation("verdicts", kind, kind)


def event_text(event: str) -> Text:
    """A line of a timeline in plain words. event: such as `code.requested`."""
    table = _texts("events")
    return table.get(event) or table[_REST]


def names_in(kind: Kind) -> list[str]:
    """All that a table knows."""
    return list(_table(kind))


def _found(kind: Kind, name: str) -> Explanation | None:
    """The entry of that name, or of the longest prefix of it."""
    table = _table(kind)
    if not name or name.startswith(_REST):
        return None
    if name in table:
        return _explanation(kind, name, name)
    prefixes = [each for each in table if each.endswith("*") and name.startswith(each[:-1])]
    return _explanation(kind, max(prefixes, key=len), name) if prefixes else None


def _rest(kind: Kind, name: str, entry: str) -> Explanation:
    found = entry if entry in _table(kind) else f"{_REST}unknown"
    return _explanation(kind, found, name, is_known=False)


def _explanation(kind: Kind, entry: str, name: str, *, is_known: bool = True) -> Explanation:
    table = _table(kind)
    written = table[entry]
    written = table[written["same_as"]] if "same_as" in written else written
    return Explanation(
        name=name,
        cause=_text(written["cause"]),
        fix=_text(written["fix"]),
        say=_texts("say")[written["say"]],
        is_known=is_known,
        is_inferred=written["basis"] == "inferred",
    )


def _text(written: Mapping[str, str]) -> Text:
    return Text(en=written["en"], zh=written["zh"])


@cache
def _texts(name: str) -> Mapping[str, Text]:
    return {key: _text(written) for key, written in _table(name).items()}


@cache
def _table(name: str) -> Mapping[str, Any]:  # Any: JSON, of a shape that a test holds it to
    table: Mapping[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
    return table
