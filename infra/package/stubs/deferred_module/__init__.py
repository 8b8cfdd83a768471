"""Written by the packaging: a module that is imported when something of it is first asked for.

Stands where an SDK imports at its start what only its asynchronous or unused paths touch.
"""

from __future__ import annotations

from importlib import import_module


class Deferred:
    """Stands for the module of that name, in the place of `import name`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> object:
        return getattr(import_module(self._name), attribute)
