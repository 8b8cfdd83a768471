"""One service alone, for any client in any language: its port, a control plane, and a root key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.localcloud.control.server import ControlPlane
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import Identity
from infra.localcloud.run import data_lock
from infra.localcloud.run.fakes import Fakes
from infra.localcloud.run.ports import claim, neighbour
from infra.localcloud.run.ready import clear_ready_file


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
    async with AsyncExitStack() as stack:
        port = claim(options.port)
        if options.data is not None:
            stack.enter_context(data_lock.hold(options.data))
        clear_ready_file(options.ready_file)
        cloud = Cloud(options.data)
        fakes = Fakes(cloud, [options.service])
        stack.push_async_callback(fakes.stop)
        await fakes.start(lambda _: port)

        async def reset() -> None:
            fakes.reset()

        control = ControlPlane(cloud, fakes.inbox, reset=reset)
        stack.push_async_callback(control.stop)
        await control.start(neighbour(options.port, 1))
        yield RunningService(
            service=options.service,
            described=fakes.described(options.service),
            control=control.address,
            access_key=cloud.identities.root,
        )
