"""A reader of `s.yaml`, for the local cloud that runs it and for `make s-check` that judges it.

The Serverless Devs tool lets most mistakes through: misspelled keys, everything inside a trigger,
the ratio of CPU to memory. This reader knows the same language and is stricter.
"""

from __future__ import annotations

from infra.serverless_devs.manifest import (
    FunctionSpec,
    Hook,
    Manifest,
    ManifestInvalid,
    Route,
    Trigger,
)
from infra.serverless_devs.reader import render

__all__ = ["FunctionSpec", "Hook", "Manifest", "ManifestInvalid", "Route", "Trigger", "render"]
