"""One service alone, for any client in any language: its port, a control plane, and a root key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.localcloud.core.identities import Identity
from infra.localcloud.run.bare import BareOptions, bare_cloud
from infra.localcloud.run.ports import claim, neighbour


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What was asked for. port: 0 for any. data: None to keep nothing. ready_file: as for `up`."""

    service: str
    port: int
    data: Path | None
    ready_file: Path | None = None


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service that answers, and how to reach it."""

    service: str
    described: dict[str, str]
    control: str
    access_key: Identity

    def ready(self) -> dict[str, object]:
        """The ready file's content."""
        return {
            "endpoint": self.described["endpoint"],
            "control": self.control,
            "access_key_id": self.access_key.access_key_id,
            "access_key_secret": self.access_key.access_key_secret,
            self.service: self.described,
        }

    def banner(self) -> str:
        """What a person at the terminal needs."""
        return (
            f"{self.service} listens on {self.described['endpoint']}\n"
            f"  control            {self.control}\n"
            f"  access key id      {self.access_key.access_key_id}\n"
            f"  access key secret  {self.access_key.access_key_secret}\n"
            "Press Ctrl-C to stop."
        )


@asynccontextmanager
async def single_service(options: ServeOptions) -> AsyncIterator[RunningService]:
    """One service, running while the block runs. Raises StartRefused."""
    port = claim(options.port)
    bare = BareOptions(
        services=[options.service],
        data=options.data,
        control_port=neighbour(options.port, 1),
        ready_file=options.ready_file,
    )
    async with bare_cloud(bare, lambda _: port) as running:
        yield RunningService(
            service=options.service,
            described=running.described[options.service],
            control=running.control,
            access_key=running.access_key,
        )
