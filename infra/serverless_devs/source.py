"""YAML as the `s` tool reads it: YAML 1.2 scalars (`on` is text), duplicate keys refused.

Every key keeps its line number, so that a problem can say where it is.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from infra.serverless_devs.manifest import ManifestInvalid
from infra.serverless_devs.problems import Where


class _Loader(yaml.SafeLoader):
    """SafeLoader with the scalars of YAML 1.2's core schema, which js-yaml follows."""

    yaml_implicit_resolvers = {
        first: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:int")
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool",
    re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"),
    list("tTfF"),
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"^(?:[-+]?[0-9]+|0x[0-9a-fA-F]+)$"),
    list("-+0123456789"),
)

ENV_CALL = re.compile(r"""env\(\s*['"](\w+)['"]""")
"""A variable that a file asks for, in the raw text."""
_MERGE = "tag:yaml.org,2002:merge"


class Source:
    """One YAML file: its data, and the line of each key."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises ManifestInvalid if it is no YAML mapping with unique keys."""
        self.line_of: dict[Where, int] = {}
        self._name = path.name
        self._duplicates: list[str] = []
        try:
            loader = _Loader(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ManifestInvalid([f"{self._name}: cannot be read: {error}"]) from error
        self.data = self._load(loader)

    def _load(self, loader: _Loader) -> dict[str, object]:
        try:
            root = loader.get_single_node()
            if not isinstance(root, yaml.MappingNode):
                raise ManifestInvalid([f"{self._name}: the file must be a mapping of keys"])
            self._walk(root, ())
            if self._duplicates:
                raise ManifestInvalid(self._duplicates)
            data: dict[str, object] = loader.construct_document(root)
        except yaml.MarkedYAMLError as error:
            raise ManifestInvalid([f"{self._name}: {_explained(error)}"]) from error
        except ValueError as error:
            if isinstance(error, ManifestInvalid):
                raise
            raise ManifestInvalid([f"{self._name}: a value cannot be read: {error}"]) from error
        finally:
            loader.dispose()
        return data

    def _walk(self, node: yaml.Node, where: Where) -> None:
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self._note(item, (*where, str(index)))
        if isinstance(node, yaml.MappingNode):
            seen: dict[str, int] = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                name = str(key.value)
                if name in seen:
                    shown = ".".join((*where, name))
                    self._duplicates.append(
                        f"{self._name}: line {line}: duplicate key {shown},"
                        f" first on line {seen[name]}"
                    )
                seen.setdefault(name, line)
                if key.tag != _MERGE:
                    self.line_of.setdefault((*where, name), line)
                    self._walk(value, (*where, name))
            for key, value in node.value:
                if key.tag == _MERGE:  # what stands beside it comes before what it brings
                    self._walk(value, where)

    def _note(self, item: yaml.Node, where: Where) -> None:
        self.line_of.setdefault(where, item.start_mark.line + 1)
        self._walk(item, where)


def _explained(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    reason = error.problem or error.context or "not YAML"
    if "'\\t'" in reason:
        reason = "a tab, where YAML takes only spaces"
    return f"line {mark.line + 1}: {reason}" if mark else reason
