"""Runbooks as text: their commands, by name, and what they point to."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "infra" / "runbooks"
_FENCE = re.compile(r"^ *```(\S*) ?(\S*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_QUERY = re.compile(r"-m infra\.runbooks ([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Book:
    """One runbook. commands: the text of each fenced block, by the name after its language."""

    name: str
    text: str

    @property
    def commands(self) -> Mapping[str, str]:
        found = _FENCE.findall(self.text)
        return {
            name: textwrap.dedent(body)
            for language, name, body in found
            if language == "sh" and name
        }

    @property
    def fences(self) -> int:
        """How many fenced blocks there are, named or not."""
        return len(re.findall(r"^ *```\S", self.text, re.MULTILINE))

    def links(self) -> Iterator[tuple[Path, str]]:
        """The file and the heading of each link into the repository."""
        for target in _LINK.findall(self.text):
            if not target.startswith("https://"):
                path, _, heading = target.partition("#")
                yield (FOLDER / path if path else FOLDER / f"{self.name}.md"), heading

    def queries(self) -> frozenset[str]:
        return frozenset(_QUERY.findall(self.text))


def read(name: str) -> Book:
    return Book(name, (FOLDER / f"{name}.md").read_text(encoding="utf-8"))


def headings(path: Path) -> frozenset[str]:
    """As GitHub links to them."""
    lines = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return frozenset(re.sub(r"[^a-z0-9 _-]", "", each.lower()).replace(" ", "-") for each in lines)
