"""The seam between the local cloud and the project that runs on it.

The cloud knows protocols, not products. What it must know of one - which file to deploy, with which
variables, which tables, signs and API keys to have ready - the project tells it in a `Project`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.localcloud.core.identities import Identity
from infra.localcloud.dysmsapi.catalogue import Catalogue
from infra.localcloud.dysmsapi.push import Callbacks

__all__ = [
    "ApiKeys",
    "Callbacks",
    "Endpoints",
    "LogPlace",
    "Project",
    "RoleGrant",
    "Surroundings",
]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the cloud listens, each `http://127.0.0.1:PORT`."""

    gateway: str
    tablestore: str
    dysmsapi: str
    sts: str
    smq: str
    directmail: str
    ram: str = ""
    sls: str = ""
    kms: str = ""


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """API keys of two tenants of the project, in the clear. console: for the project's console;
    empty if it has none.
    """

    default: str
    second: str
    console: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a project is told of the cloud that it is to run on.

    data: the cloud's folder, for what the project itself keeps there.
    access_key: the account's root key.
    """

    data: Path
    endpoints: Endpoints
    tablestore_instance: str
    account_id: str
    access_key: Identity
    api_keys: ApiKeys


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """A RAM role: its policies by name, and who may assume it, in RAM's JSON."""

    name: str
    description: str
    policies: Mapping[str, Mapping[str, object]]
    trust: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class LogPlace:
    """A log store, with the bodies of CreateIndex, CreateDashboard and CreateAlert."""

    project: str
    store: str
    ttl_days: int
    index: Mapping[str, object]
    dashboards: Mapping[str, Mapping[str, object]]
    alerts: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Project:
    """One project, as the local cloud starts it.

    s_yaml: the file that says which functions there are.
    api_keys: the tenants' keys, the same for the same data folder at every start.
    environment: the variables that `s_yaml` is rendered with.
    catalogue: sees to signs and templates, at every start; a reset goes back to them.
    prepare: makes what the functions expect, such as tables, through the real SDKs. Runs in a
    thread, at every start before the gateway answers and again after a reset. Raises StartRefused
    with what the person at the terminal should read.
    functions: the folder in which the packaged functions are once `prepare` is done, each under
    the folder name that `s_yaml` gives it; None to run the folders of `s_yaml` themselves.
    purposes, example_phone: what the inbox page offers in its forms.
    roles: those that the functions and their operators have. logs: where functions' lines go.
    secrets: those of KMS, by name.
    callbacks: where the SMS service pushes receipts and replies, on the gateway; None for nowhere.
    console: the console's path on the gateway; empty if there is none.
    """

    s_yaml: Path
    region: str
    api_keys: Callable[[Path], ApiKeys]
    environment: Callable[[Surroundings], Mapping[str, str]]
    catalogue: Callable[[Catalogue], None]
    prepare: Callable[[Surroundings], None]
    functions: Path | None
    purposes: Sequence[str]
    example_phone: str
    callbacks: Callable[[Surroundings], Callbacks] | None = None
    roles: Callable[[Surroundings], Sequence[RoleGrant]] = lambda around: ()
    logs: Callable[[Surroundings], Sequence[LogPlace]] = lambda around: ()
    secrets: Callable[[Surroundings], Mapping[str, str]] = lambda around: {}
    console: str = ""
