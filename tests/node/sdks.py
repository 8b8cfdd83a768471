"""What runs under node: the official SDKs and a linter, pinned in the folders beside with their
hashes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.node_packages import NodePackages

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "node"
TABLESTORE = NodePackages("Tablestore's Node SDK", HERE / "tablestore", BUILD / "tablestore")
MESSAGING = NodePackages("the Node SDKs of SMS and SMQ", HERE / "messaging", BUILD / "messaging")

OPENAPI = NodePackages("the linter of the OpenAPI file", HERE / "openapi", BUILD / "openapi")


def answer_of(sdk: NodePackages, script: str, place: Mapping[str, str]) -> dict[str, Any]:
    """What a script printed as JSON; `place` is its one argument. Raises NodeFailed."""
    answer: dict[str, Any] = json.loads(sdk.node(script, json.dumps(place)))
    return answer
