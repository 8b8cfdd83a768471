"""A whole cloud with a project on it: the fakes, the functions, what calls them, the control plane.

The order matters. The fakes listen before anything is prepared in them, all is prepared before the
gateway answers, and the end is the start backwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from infra.localcloud.control.server import ControlPlane
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import ACCOUNT_ID
from infra.localcloud.dysmsapi.service import DysmsapiService
from infra.localcloud.eventbridge.rules import TriggerInvalid, read_rules
from infra.localcloud.fcapi.live import LiveFunctions
from infra.localcloud.fcapi.service import FcService
from infra.localcloud.gateway.server import Gateway
from infra.localcloud.inbox.page import InboxPage, Session
from infra.localcloud.kms.service import KmsService
from infra.localcloud.run import data_lock
from infra.localcloud.run.fakes import TABLESTORE_INSTANCE, Fakes
from infra.localcloud.run.ports import claim, neighbour
from infra.localcloud.run.process import in_thread
from infra.localcloud.run.project import ApiKeys, Endpoints, Project, Surroundings
from infra.localcloud.run.ready import clear_ready_file
from infra.localcloud.run.refusal import StartRefused
from infra.localcloud.sls.function_logs import FunctionLogs
from infra.localcloud.sls.service import SlsService
from infra.localcloud.smq.service import SmqService
from infra.serverless_devs import Manifest, ManifestInvalid, render

__all__ = ["ApiKeys", "Endpoints", "Project", "RunningCloud", "Surroundings", "UpOptions", "up"]

# Where a fixed port's neighbours go: the gateway's port plus this.
CONTROL_DISTANCE = 1
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
        }


@asynccontextmanager
async def up(options: UpOptions, project: Project) -> AsyncIterator[RunningCloud]:
    """The project on a cloud of its own, running while the block runs. Raises StartRefused."""
    async with AsyncExitStack() as stack:
        port = claim(options.port)
        stack.enter_context(data_lock.hold(options.data))
        clear_ready_file(options.ready_file)
        cloud = Cloud(options.data, region=project.region)
        fakes = Fakes(cloud)
        stack.push_async_callback(fakes.stop)
        await fakes.start(lambda name: neighbour(options.port, FAKE_DISTANCES[name]))

        surroundings = _surroundings(options, project, fakes, port)
        manifest = _manifest(project, surroundings)
        await _prepare(project, surroundings, fakes)
        manifest = _packaged(manifest, options.functions or project.functions)
        functions = await _functions(stack, fakes, manifest, surroundings, options.max_instances)
        await _open_gateway(stack, fakes, functions, manifest, surroundings, project)
        dysmsapi = _dysmsapi(fakes)
        if project.callbacks is not None:
            dysmsapi.start_pushing(project.callbacks(surroundings))
            stack.push_async_callback(dysmsapi.stop_pushing)
        stack.push_async_callback(functions.triggers.stop)
        await functions.triggers.start()
        control = await _open_control(stack, fakes, functions, surroundings, project, options.port)
        yield RunningCloud(surroundings, control.address, project, fakes.endpoint("fc"))


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
        fakes.cloud.access.put_role(role.name, role.policies, role.trust)
    for place in project.logs(surroundings):
        _sls(fakes).ensure_store(place.project, place.store, index=place.index)
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
) -> None:
    session = Session(
        api_key=surroundings.api_keys.default,
        purposes=project.purposes,
        example_phone=project.example_phone,
    )
    page = InboxPage(fakes.inbox, session)
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


async def _open_control(
    stack: AsyncExitStack,
    fakes: Fakes,
    functions: LiveFunctions,
    surroundings: Surroundings,
    project: Project,
    port: int,
) -> ControlPlane:
    one_at_a_time = asyncio.Lock()

    async def reset() -> None:
        async with one_at_a_time:
            await functions.triggers.stop()
            await functions.runtime.reset()
            fakes.reset()
            await _fc(fakes).deployment.restore()
            await _prepare(project, surroundings, fakes)
            await functions.triggers.start()

    control = ControlPlane(
        fakes.cloud,
        fakes.inbox,
        reset=reset,
        invocations=functions.runtime.invocations,
        publisher=functions.triggers,
        deliveries=_dysmsapi(fakes),
    )
    stack.push_async_callback(control.stop)
    await control.start(neighbour(port, CONTROL_DISTANCE))
    return control
