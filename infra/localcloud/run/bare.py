"""Services without functions on them, one or several, under one control plane."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.localcloud.control.server import ControlPlane
from infra.localcloud.control.watched import Watched
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import Identity
from infra.localcloud.core.snapshots import Snapshots, of_one_run
from infra.localcloud.run import data_lock
from infra.localcloud.run.fakes import Fakes
from infra.localcloud.run.ready import clear_ready_file


@dataclass(frozen=True, slots=True)
class BareOptions:
    """services: their names. data: None to keep nothing, and to have no snapshots.
    control_port: 0 for any.
    """

    services: Sequence[str]
    data: Path | None = None
    control_port: int = 0
    ready_file: Path | None = None


class _Services:
    """The services, which can begin again on other data at the same addresses."""

    def __init__(self, options: BareOptions, port_for: Callable[[str], int]) -> None:
        self._options = options
        self._port_for = port_for
        self._ports: dict[str, int] = {}

    async def start(self) -> None:
        options = self._options
        self.fakes = Fakes(Cloud(options.data), options.services)
        await self.fakes.start(lambda name: self._ports.get(name) or self._port_for(name))
        self._ports = {
            name: int(self.fakes.endpoint(name).rpartition(":")[2]) for name in options.services
        }

    async def stop(self) -> None:
        await self.fakes.stop()

    async def restart(self, between: Callable[[], None]) -> Watched:
        await self.stop()
        between()
        await self.start()
        return self.fakes.watched()

    async def reset(self) -> None:
        self.fakes.reset()


@dataclass(frozen=True, slots=True)
class BareCloud:
    """Services that answer, and how to reach them."""

    control: str
    described: dict[str, dict[str, str]]
    access_key: Identity


@asynccontextmanager
async def bare_cloud(
    options: BareOptions, port_for: Callable[[str], int] = lambda _: 0
) -> AsyncIterator[BareCloud]:
    """The services, running while the block runs. Raises StartRefused."""
    async with AsyncExitStack() as stack:
        snapshots = None
        if options.data is not None:
            stack.enter_context(data_lock.hold(options.data))
            kept_out = of_one_run(options.data, options.ready_file)
            snapshots = Snapshots(options.data, not_kept=kept_out)
            snapshots.finish()
        clear_ready_file(options.ready_file)
        services = _Services(options, port_for)
        await services.start()
        stack.push_async_callback(services.stop)
        watched = services.fakes.watched()
        control = ControlPlane(
            watched.cloud,
            watched.inbox,
            reset=services.reset,
            deliveries=watched.deliveries,
            behaviour=watched.behaviour,
            snapshots=snapshots,
            restart=services.restart,
        )
        stack.push_async_callback(control.stop)
        await control.start(options.control_port)
        yield BareCloud(
            control=control.address,
            described={name: services.fakes.described(name) for name in options.services},
            access_key=watched.cloud.identities.root,
        )
