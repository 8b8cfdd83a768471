"""A whole cloud with a project on it, and the control plane that outlives its restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from infra.localcloud.control.server import ControlPlane
from infra.localcloud.core.snapshots import Snapshots, of_one_run
from infra.localcloud.run import data_lock
from infra.localcloud.run.ports import claim, neighbour
from infra.localcloud.run.project import ApiKeys, Endpoints, Project, Surroundings
from infra.localcloud.run.ready import clear_ready_file
from infra.localcloud.run.site import Site, UpOptions

__all__ = ["ApiKeys", "Endpoints", "Project", "RunningCloud", "Surroundings", "UpOptions", "up"]

CONTROL_DISTANCE = 1
"""From a fixed gateway port to that of the control plane."""


@dataclass(frozen=True, slots=True)
class RunningCloud:
    """A cloud that answers, and how to reach it."""

    surroundings: Surroundings
    control: str
    project: Project
    fc: str = ""

    def ready(self) -> dict[str, object]:
        """The ready file's content."""
        at, keys = self.surroundings.endpoints, self.surroundings.api_keys
        return {
            "gateway": at.gateway,
            "api_key": keys.default,
            "control": self.control,
            "tablestore": {
                "endpoint": at.tablestore,
                "instance": self.surroundings.tablestore_instance,
            },
            "dysmsapi": {"endpoint": at.dysmsapi},
            "sts": {"endpoint": at.sts},
            "smq": {"endpoint": at.smq},
            "directmail": {"endpoint": at.directmail},
            "ram": {"endpoint": at.ram},
            "sls": {"endpoint": at.sls},
            "fc": {"endpoint": self.fc},
            "kms": {"endpoint": at.kms},
            "access_key_id": self.surroundings.access_key.access_key_id,
            "access_key_secret": self.surroundings.access_key.access_key_secret,
            "api_keys": {"default": keys.default, "second": keys.second},
            **({"console_key": keys.console} if keys.console else {}),
        }


@asynccontextmanager
async def up(options: UpOptions, project: Project) -> AsyncIterator[RunningCloud]:
    """The project on a cloud of its own, running while the block runs. Raises StartRefused."""
    async with AsyncExitStack() as stack:
        port = claim(options.port)
        stack.enter_context(data_lock.hold(options.data))
        clear_ready_file(options.ready_file)
        snapshots = Snapshots(options.data, not_kept=of_one_run(options.data, options.ready_file))
        snapshots.finish()
        site = Site(options, project, port)
        stack.push_async_callback(site.stop)
        await site.start()
        watched = site.watched()
        control = ControlPlane(
            watched.cloud,
            watched.inbox,
            reset=site.reset,
            invocations=watched.invocations,
            publisher=watched.publisher,
            deliveries=watched.deliveries,
            behaviour=watched.behaviour,
            snapshots=snapshots,
            restart=site.restart,
        )
        stack.push_async_callback(control.stop)
        await control.start(neighbour(options.port, CONTROL_DISTANCE))
        yield RunningCloud(site.surroundings, control.address, project, site.fakes.endpoint("fc"))
