"""What is deployed, kept as the API's own documents: a JSON file per function, one for the domains.

The functions of s.yaml, which the cloud runs from the start, are there too. Changing one through
the API makes a deployed function of it, which is kept; deleting one lasts until the next start.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from infra.localcloud.fcapi.errors import FcRefused

Document = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Record:
    """One function.

    function: as GetFunction answers it. code_dir: where its code lies, "" if nowhere here.
    triggers: by name, as GetTrigger answers them. configs: by `kind/qualifier`.
    resource: what the meter calls it: its resource in s.yaml, or its own name.
    """

    function: Document
    code_dir: str
    resource: str
    triggers: Mapping[str, Document] = field(default_factory=dict)
    configs: Mapping[str, Document] = field(default_factory=dict)
    vpc_ids: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The function's name."""
        return str(self.function["functionName"])


class Records:
    """All functions and custom domains of one cloud."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._given: dict[str, Record] = {}
        self._deployed: dict[str, Record] = {}
        self._domains: dict[str, Document] = {}
        self._load()

    def give(self, records: Iterable[Record]) -> None:
        """Have the functions of s.yaml, unless a deployed one has the name."""
        self._given = {record.name: record for record in records}

    def names(self) -> list[str]:
        """Every function's name, sorted."""
        return sorted({*self._given, *self._deployed})

    def deployed(self) -> list[Record]:
        """The functions that the API made or changed."""
        return list(self._deployed.values())

    def find(self, name: str) -> Record | None:
        """The function of that name."""
        return self._deployed.get(name) or self._given.get(name)

    def get(self, name: str) -> Record:
        """The function of that name. Raises FcRefused."""
        record = self.find(name)
        if record is None:
            raise FcRefused("FunctionNotFound", f"function '{name}' does not exist.")
        return record

    def put(self, record: Record) -> None:
        """Keep the function."""
        self._deployed[record.name] = record
        self._write(self._file(record.name), asdict(record))

    def remove(self, name: str) -> None:
        """Forget the function."""
        self._given.pop(name, None)
        if self._deployed.pop(name, None) is not None:
            self._file(name).unlink(missing_ok=True)

    def domains(self) -> Mapping[str, Document]:
        """The custom domains, by name."""
        return self._domains

    def put_domain(self, name: str, document: Document | None) -> None:
        """Keep the domain; None forgets it."""
        self._domains.pop(name, None)
        if document is not None:
            self._domains[name] = document
        self._write(self.folder / "domains.json", self._domains)

    def clear(self) -> None:
        """Forget all but what s.yaml gives."""
        self._deployed.clear()
        self._domains.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def code_folder(self, name: str) -> Path:
        """Where the versions of the function's code are unpacked."""
        return self.folder / "code" / name

    def _file(self, name: str) -> Path:
        return self.folder / "functions" / f"{name}.json"

    def _load(self) -> None:
        for file in sorted((self.folder / "functions").glob("*.json")):
            stored = json.loads(file.read_text())
            record = Record(**{**stored, "vpc_ids": tuple(stored["vpc_ids"])})
            self._deployed[record.name] = record
            for version in self.code_folder(record.name).glob("*"):
                if str(version) != record.code_dir:
                    shutil.rmtree(version, ignore_errors=True)
        domains = self.folder / "domains.json"
        if domains.exists():
            self._domains = json.loads(domains.read_text())

    def _write(self, file: Path, content: object) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps(content, ensure_ascii=False))
        draft.replace(file)
