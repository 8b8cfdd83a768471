"""The local cloud as a stage: the environment of `make up`, from its ready file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import requests

from infra.localcloud.core.identities import ACCOUNT_ID, Identity
from infra.localcloud.run.project import ApiKeys, Endpoints, Surroundings
from infra.project import PROJECT

_TIMEOUT_S = 5
_OURS = ("ram", "sls", "sts", "fc")
"""Services whose endpoints s.yaml does not name."""


class CloudMissing(Exception):
    """There is no running local cloud; the text says what to do."""


@dataclass(frozen=True, slots=True)
class LocalStage:
    """What a running cloud is looked at with. api: its gateway."""

    environment: Mapping[str, str] = field(repr=False)
    api: str


def local_stage(ready_file: Path) -> LocalStage:
    """The stage of the cloud that wrote `ready_file`, beside its data. Raises CloudMissing."""
    try:
        ready: Mapping[str, Any] = json.loads(ready_file.read_text(encoding="utf-8"))
        requests.get(f"{ready['control']}/clock", timeout=_TIMEOUT_S).raise_for_status()
        around = _surroundings(ready, ready_file.parent)
        extra = {f"SESAME_{name.upper()}_ENDPOINT": ready[name]["endpoint"] for name in _OURS}
    except (OSError, ValueError, KeyError, TypeError) as error:
        missing = f"no local cloud runs by {ready_file}: start one with `make up`"
        raise CloudMissing(missing) from error
    if not (around.data / "secrets.json").exists():
        raise CloudMissing(f"{ready_file.parent} is not the data folder of the local cloud")
    environment = {
        **PROJECT.environment(around),
        **extra,
        "ALIYUN_REGION": PROJECT.region,
        "SESAME_ACCOUNT_ID": ACCOUNT_ID,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": around.access_key.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": around.access_key.access_key_secret,
    }
    return LocalStage(environment, ready["gateway"])


def _surroundings(ready: Mapping[str, Any], data: Path) -> Surroundings:
    services = [each.name for each in fields(Endpoints) if each.name != "gateway"]
    return Surroundings(
        data=data,
        endpoints=Endpoints(
            gateway=ready["gateway"], **{name: ready[name]["endpoint"] for name in services}
        ),
        tablestore_instance=ready["tablestore"]["instance"],
        account_id=ACCOUNT_ID,
        access_key=Identity(ready["access_key_id"], ready["access_key_secret"]),
        api_keys=ApiKeys(**ready["api_keys"]),
    )
