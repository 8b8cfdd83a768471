"""better-auth's phone-number plugin beside us: installed below build/, run by node.

The store is its own memory and the SMS goes nowhere, so it pays for nothing but itself.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from infra.node_packages import NodeFailed, NodePackages
from infra.project import ROOT

NODE = Path(__file__).resolve().parent / "betterauth"
FOLDER = ROOT / "build" / "betterauth"
SCRIPT = "phone_number.mjs"
PACKAGES = NodePackages("better-auth", NODE, FOLDER, time_limit_s=300)


class LeftOut(Exception):
    """It cannot be run here; the text says why."""


def measured(pairs: int, warm_up: int) -> Mapping[str, Mapping[str, float]]:
    """CPU seconds of `pairs` requests and as many verifies, by kind, for each way to verify.

    Raises LeftOut.
    """
    reason = PACKAGES.missing()
    if reason:
        raise LeftOut(reason)
    shutil.copyfile(NODE / SCRIPT, FOLDER / SCRIPT)  # an ES module finds packages beside itself
    try:
        done = PACKAGES.run(("node", SCRIPT, str(pairs), str(warm_up)))
    except NodeFailed as failed:
        raise LeftOut(str(failed)) from None
    result: dict[str, dict[str, float]] = json.loads(done.splitlines()[-1])
    return result
