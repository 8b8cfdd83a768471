"""What a rendered `s.yaml` says, as values: its functions, their triggers and their routes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


class ManifestInvalid(ValueError):
    """A file that cannot be deployed; the text lists every problem, one a line."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Hook:
    """A function that the platform calls at the start or the end of an instance."""

    handler: str
    timeout_s: int


@dataclass(frozen=True, slots=True)
class Trigger:
    """What calls the function. `config` is the trigger's own part, rendered, keys as written."""

    name: str
    type: str
    config: Mapping[str, object]
    source_arn: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """A path of a custom domain that leads to the function; no methods means every method.

    path: an exact path, or a prefix that ends in `/*`.
    """

    domain: str
    path: str
    methods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One function as it would be deployed, the platform's defaults filled in.

    code_dir: the folder with the code, absolute; None if the code is a zip or lies in OSS.
    role: the ARN of the function's role, or its name if the account is not known; "" for none.
    async_retries: how often an asynchronous invocation is tried again after an error.
    """

    resource: str
    name: str
    region: str
    runtime: str
    handler: str
    code_dir: Path | None
    timeout_s: int
    memory_mb: int
    cpu: float
    environment: Mapping[str, str]
    role: str
    initializer: Hook | None
    pre_stop: Hook | None
    triggers: tuple[Trigger, ...]
    routes: tuple[Route, ...]
    log_project: str
    log_store: str
    async_retries: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole `s.yaml`, rendered. `resources` holds every resource's props, functions or not."""

    path: Path
    name: str
    resources: Mapping[str, Mapping[str, object]]
    functions: tuple[FunctionSpec, ...]
