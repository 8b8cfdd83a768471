"""One log, and how its fields are read by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

TAG_PREFIX = "__tag__:"


@dataclass(frozen=True, slots=True)
class Log:
    """A log as it is kept. time_s: UTC epoch s, the log's own. received_at: the cloud's clock."""

    time_s: int
    received_at: float
    topic: str = ""
    source: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)

    def as_row(self) -> dict[str, str]:
        """The log as GetLogs gives it: every value a text, the platform's own fields first."""
        return {
            "__time__": str(self.time_s),
            "__source__": self.source,
            "__topic__": self.topic,
            **{TAG_PREFIX + name: value for name, value in self.tags.items()},
            **self.fields,
        }


class Record:
    """A log whose JSON fields are parsed once, when first asked for."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._row = log.as_row()
        self._parsed: dict[str, object] = {}

    def text(self, name: str) -> str | None:
        """A field's text; None if the log has none such."""
        return self._row.get(name)

    def texts(self) -> Mapping[str, str]:
        """Every field but the time."""
        return {name: value for name, value in self._row.items() if name != "__time__"}

    def leaf(self, name: str, path: str) -> object:
        """What stands in a JSON field under a dotted path, parsed; None if there is nothing."""
        if name not in self._parsed:
            self._parsed[name] = _parse(self._row.get(name))
        value = self._parsed[name]
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return value


def leaf_text(value: object) -> str | None:
    """A JSON leaf as text, booleans as `true` and `false`; None for an object, an array or null,
    which are not indexed.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    # A lone surrogate, which JSON can write, is no text.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None


def _parse(text: str | None) -> object:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
