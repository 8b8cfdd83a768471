"""The values of packaging: what was shipped, what was built, and how it is told.

They travel through JSON (the stamps and the manifest), so every field is plain data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


class PackagingFailed(Exception):
    """The build cannot go on; the text is one line for the person who started it."""


@dataclass(frozen=True, slots=True)
class ShippedDistribution:
    """A third-party distribution in a package, with the licence that its metadata declares.
    edited: its files that packaging changed (see edits.py).
    """

    name: str
    version: str
    licence: str
    edited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BuiltFunction:
    """One deployable folder. `zipped_bytes` and `zip_sha256` are None until a zip was made."""

    name: str
    unpacked_bytes: int
    file_count: int
    module_count: int
    has_bytecode: bool
    distributions: tuple[ShippedDistribution, ...]
    left_out: tuple[str, ...]
    zipped_bytes: int | None = None
    zip_sha256: str | None = None

    def to_json(self) -> dict[str, Any]:  # Any: JSON
        """The function as the manifest and the stamp hold it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> BuiltFunction:  # Any: JSON
        """The function that `to_json` gave. Raises TypeError or KeyError on other data."""
        shipped = tuple(
            ShippedDistribution(**{**entry, "edited": tuple(entry["edited"])})
            for entry in data["distributions"]
        )
        left_out = tuple(data["left_out"])
        return cls(**{**data, "distributions": shipped, "left_out": left_out})


@dataclass(frozen=True, slots=True)
class Report:
    """What a build left behind. `rebuilt` names the functions whose folders this run replaced."""

    target: str
    python: str
    platform: str
    functions: tuple[BuiltFunction, ...]
    rebuilt: tuple[str, ...]

    def manifest(self) -> dict[str, Any]:  # Any: JSON
        """The content of manifest.json: the same for the same inputs, wherever it was built."""
        functions = {function.name: function.to_json() for function in self.functions}
        return {**self._made_for(), "functions": functions}

    def manifest_of(self, function: BuiltFunction) -> dict[str, Any]:  # Any: JSON
        """The content of a function's own manifest."""
        return {**self._made_for(), **function.to_json()}

    def _made_for(self) -> dict[str, str]:
        return {"target": self.target, "python": self.python, "platform": self.platform}

    def table(self) -> str:
        """The sizes as text, one line a function, and a loud line where bytecode is missing."""
        rows = [f"{'function':<26}{'unpacked':>11}{'zip':>11}{'modules':>9}{'packages':>10}"]
        rows += [_row(function) for function in self.functions]
        rows += [
            f"!! {function.name}: NO BYTECODE - no python{self.python} on PATH to compile with; "
            "cold starts will be several times slower"
            for function in self.functions
            if not function.has_bytecode
        ]
        return "\n".join(rows)


def _row(function: BuiltFunction) -> str:
    zipped = "-" if function.zipped_bytes is None else _megabytes(function.zipped_bytes)
    return (
        f"{function.name:<26}{_megabytes(function.unpacked_bytes):>11}{zipped:>11}"
        f"{function.module_count:>9}{len(function.distributions):>10}"
    )


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1_000_000:.2f} MB"
