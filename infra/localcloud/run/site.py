"""What runs on a cloud's data: the fakes, the functions, what calls them. It begins and ends as
one, so that it can begin again on other data at the same addresses.

The order matters. The fakes listen before anything is prepared in them, all is prepared before the
gateway answers, and the end is the start backwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from infra.localcloud.control.watched import Watched
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import ACCOUNT_ID
from infra.localcloud.dysmsapi.service import DysmsapiService
from infra.localcloud.eventbridge.rules import TriggerInvalid, read_rules
from infra.localcloud.fcapi.live import LiveFunctions
from infra.localcloud.fcapi.service import FcService
from infra.localcloud.gateway.server import Gateway
from infra.localcloud.inbox.page import InboxPage, Session
from infra.localcloud.inbox.panel import CloudPanel
from infra.localcloud.kms.service import KmsService
from infra.localcloud.run.fakes import TABLESTORE_INSTANCE, Fakes
from infra.localcloud.run.ports import neighbour
from infra.localcloud.run.process import in_thread
from infra.localcloud.run.project import Endpoints, Project, Surroundings
from infra.localcloud.run.refusal import StartRefused
from infra.localcloud.sls.function_logs import FunctionLogs
from infra.localcloud.sls.service import SlsService
from infra.localcloud.smq.service import SmqService
from infra.serverless_devs import Manifest, ManifestInvalid, render

# Where a fixed port's neighbours go: the gateway's port plus this. The control plane has the first.
FAKE_DISTANCES = {
    "tablestore": 2,
    "dysmsapi": 3,
    "sts": 4,
    "smq": 5,
    "directmail": 6,
    "ram": 7,
    "sls": 8,
    "fc": 9,
    "kms": 10,
}


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What was asked for.

    port: of the gateway, 0 for free ports. max_instances: of each function.
    functions: a folder of packaged functions to run in the place of the project's own.
    ready_file: written by the caller once all is ready; what an earlier run left is taken away.
    """

    port: int
    data: Path
    max_instances: int = 4
    functions: Path | None = None
    ready_file: Path | None = None


class Site:
    """One project on one cloud. gateway_port: where it is to be reached."""

    def __init__(self, options: UpOptions, project: Project, gateway_port: int) -> None:
        self._options = options
        self._project = project
        self._gateway_port = gateway_port
        self._ports: dict[str, int] = {}
        self._stack = AsyncExitStack()
        self._one_at_a_time = asyncio.Lock()

    async def start(self) -> None:
        """Begin; at the addresses of the last time, if there was one. Raises StartRefused."""
        options, project, stack = self._options, self._project, self._stack
        cloud = Cloud(options.data, region=project.region)
        fakes = self.fakes = Fakes(cloud)
        stack.push_async_callback(fakes.stop)
        await fakes.start(self._port_of)
        self._ports = {name: _port(fakes.endpoint(name)) for name in FAKE_DISTANCES}

        surroundings = _surroundings(options, project, fakes, self._gateway_port)
        self.surroundings = surroundings
        manifest = _manifest(project, surroundings)
        await _prepare(project, surroundings, fakes)
        manifest = _packaged(manifest, options.functions or project.functions)
        functions = await _functions(stack, fakes, manifest, surroundings, options.max_instances)
        self._functions = functions
        panel = CloudPanel(self.watched(), functions.runtime.results)
        await _open_gateway(stack, fakes, functions, manifest, surroundings, project, panel)
        dysmsapi = _dysmsapi(fakes)
        if project.callbacks is not None:
            dysmsapi.start_pushing(project.callbacks(surroundings))
            stack.push_async_callback(dysmsapi.stop_pushing)
        stack.push_async_callback(functions.triggers.stop)
        await functions.triggers.start()

    async def stop(self) -> None:
        """End; harmless if nothing runs."""
        await self._stack.aclose()

    async def restart(self, between: Callable[[], None]) -> Watched:
        """End, do `between` while nothing has a file open, and begin again."""
        async with self._one_at_a_time:
            await self.stop()
            self._stack = AsyncExitStack()
            between()
            await self.start()
        return self.watched()

    async def reset(self) -> None:
        """Forget everything that was not there at the first start."""
        async with self._one_at_a_time:
            fakes, functions = self.fakes, self._functions
            await functions.triggers.stop()
            await functions.runtime.reset()
            fakes.reset()
            await _fc(fakes).deployment.restore()
            await _prepare(self._project, self.surroundings, fakes)
            await functions.triggers.start()

    def watched(self) -> Watched:
        """What the control plane looks at until the next restart."""
        return Watched(
            self.fakes.cloud,
            self.fakes.inbox,
            invocations=self._functions.runtime.invocations,
            publisher=self._functions.triggers,
            deliveries=_dysmsapi(self.fakes),
            behaviour=self.fakes.behaviour,
        )

    def _port_of(self, name: str) -> int:
        return self._ports.get(name) or neighbour(self._options.port, FAKE_DISTANCES[name])


def _port(endpoint: str) -> int:
    return int(endpoint.rpartition(":")[2])


def _surroundings(
    options: UpOptions, project: Project, fakes: Fakes, gateway_port: int
) -> Surroundings:
    return Surroundings(
        data=options.data,
        endpoints=Endpoints(
            gateway=f"http://127.0.0.1:{gateway_port}",
            tablestore=fakes.endpoint("tablestore"),
            dysmsapi=fakes.endpoint("dysmsapi"),
            sts=fakes.endpoint("sts"),
            smq=fakes.endpoint("smq"),
            directmail=fakes.endpoint("directmail"),
            ram=fakes.endpoint("ram"),
            sls=fakes.endpoint("sls"),
            kms=fakes.endpoint("kms"),
        ),
        tablestore_instance=TABLESTORE_INSTANCE,
        account_id=ACCOUNT_ID,
        access_key=fakes.cloud.identities.root,
        api_keys=project.api_keys(options.data),
    )


def _manifest(project: Project, surroundings: Surroundings) -> Manifest:
    try:
        return render(
            project.s_yaml,
            environment=project.environment(surroundings),
            account_id=ACCOUNT_ID,
        )
    except ManifestInvalid as error:
        raise StartRefused(str(error)) from error


def _packaged(manifest: Manifest, folder: Path | None) -> Manifest:
    """The manifest with the code of each function from `folder`, under the same folder name."""
    if folder is None:
        return manifest
    functions = []
    for spec in manifest.functions:
        code_dir = folder.resolve() / (spec.code_dir.name if spec.code_dir else spec.name)
        if not code_dir.is_dir():
            raise StartRefused(f"{spec.name}: there is no packaged function in {code_dir}")
        functions.append(replace(spec, code_dir=code_dir))
    return replace(manifest, functions=tuple(functions))


def _dysmsapi(fakes: Fakes) -> DysmsapiService:
    dysmsapi = fakes.service("dysmsapi")
    assert isinstance(dysmsapi, DysmsapiService)
    return dysmsapi


async def _prepare(project: Project, surroundings: Surroundings, fakes: Fakes) -> None:
    """Have all that the functions expect; what that cost is not on the meter."""
    project.catalogue(_dysmsapi(fakes).catalogue)
    for role in project.roles(surroundings):
        fakes.cloud.access.put_role(
            role.name, role.policies, role.trust, description=role.description
        )
    for place in project.logs(surroundings):
        _sls(fakes).ensure(
            place.project,
            place.store,
            ttl_days=place.ttl_days,
            index=place.index,
            dashboards=place.dashboards,
            alerts=place.alerts,
        )
    kms = fakes.service("kms")
    assert isinstance(kms, KmsService)
    for name, value in project.secrets(surroundings).items():
        kms.put_secret(name, value)
    await in_thread(lambda: project.prepare(surroundings))
    fakes.cloud.meter.clear()


def _sls(fakes: Fakes) -> SlsService:
    sls = fakes.service("sls")
    assert isinstance(sls, SlsService)
    return sls


def _smq(fakes: Fakes) -> SmqService:
    smq = fakes.service("smq")
    assert isinstance(smq, SmqService)
    return smq


def _fc(fakes: Fakes) -> FcService:
    fc = fakes.service("fc")
    assert isinstance(fc, FcService)
    return fc


async def _functions(
    stack: AsyncExitStack,
    fakes: Fakes,
    manifest: Manifest,
    surroundings: Surroundings,
    max_instances: int,
) -> LiveFunctions:
    """The functions of the manifest, and those that were deployed before."""
    smq, fc = _smq(fakes), _fc(fakes)
    functions = LiveFunctions(
        fakes.cloud,
        queues=smq.store,
        home=fc.home,
        max_instances=max_instances,
        ended=FunctionLogs(_sls(fakes).put, fakes.cloud.clock).ended,
    )
    stack.push_async_callback(functions.stop)
    try:
        await fc.deployment.attach(functions, manifest, surroundings.endpoints.gateway)
    except TriggerInvalid as error:
        raise StartRefused(str(error)) from error
    smq.listen(
        lambda told: functions.triggers.publish_topic(
            told.topic, told.body, told.attributes, tag=told.tag
        ),
        topics={rule.topic for rule in read_rules(manifest.functions).topics},
    )
    return functions


async def _open_gateway(
    stack: AsyncExitStack,
    fakes: Fakes,
    functions: LiveFunctions,
    manifest: Manifest,
    surroundings: Surroundings,
    project: Project,
    panel: CloudPanel,
) -> None:
    session = Session(
        api_key=surroundings.api_keys.default,
        purposes=project.purposes,
        example_phone=project.example_phone,
    )
    page = InboxPage(fakes.inbox, session, panel)
    gateway = Gateway(
        fakes.cloud,
        functions.runtime,
        manifest,
        site=page.handle,
        rules=functions.rules,
        doors=functions.doors,
    )
    stack.push_async_callback(gateway.stop)
    stack.push_async_callback(page.close)
    await gateway.start(int(surroundings.endpoints.gateway.rpartition(":")[2]))
