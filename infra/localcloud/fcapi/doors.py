"""Where deployed functions are reached over HTTP: custom domains, told apart by `Host`, and HTTP
triggers, each below a path of the gateway that stands for its own default domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from infra.localcloud.fcapi.records import Document, Record
from infra.localcloud.fcapi.specs import read_routes, read_trigger
from infra.serverless_devs import Route

HTTP_TRIGGER_PREFIX = "/http-trigger"


@dataclass(frozen=True, slots=True)
class HttpDoor:
    """A function's HTTP trigger. is_open: anyone may come in by it from the internet."""

    function: str
    methods: tuple[str, ...]
    is_open: bool


class Doors:
    """All doors, as they are now; the gateway looks at each request."""

    def __init__(self) -> None:
        self._domains: Mapping[str, tuple[tuple[Route, str], ...]] = {}
        self._triggers: Mapping[str, HttpDoor] = {}

    def replace(self, records: Iterable[Record], domains: Mapping[str, Document]) -> None:
        """Have exactly the doors of these functions and domains."""
        self._domains = {name: read_routes(domain) for name, domain in domains.items()}
        doors = (_door(record) for record in records)
        self._triggers = {door.function: door for door in doors if door is not None}

    def domain(self, host: str) -> tuple[tuple[Route, str], ...] | None:
        """The routes of the deployed domain that `Host` names; None if it names none."""
        return self._domains.get(host.partition(":")[0].lower())

    def trigger(self, function: str) -> HttpDoor | None:
        """The function's HTTP trigger."""
        return self._triggers.get(function)


def _door(record: Record) -> HttpDoor | None:
    for document in record.triggers.values():
        if document.get("triggerType") == "http":
            config = read_trigger(document).config
            methods = config.get("methods")
            return HttpDoor(
                function=record.name,
                methods=tuple(map(str, methods)) if isinstance(methods, list) else (),
                # Signed calls (authType function, jwt) are not taken here: nobody comes in.
                is_open=config.get("authType") == "anonymous"
                and not config.get("disableURLInternet"),
            )
    return None
