"""A software bill of materials: what is shipped, in CycloneDX 1.6 (cyclonedx.org/docs/1.6/json).

The same for the same packages wherever it is made: no serial number and no time, which the standard
leaves optional.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from infra.package.licences import spdx_identifier
from infra.package.model import BuiltFunction, ShippedDistribution


def bill_of_materials(name: str, functions: Iterable[BuiltFunction]) -> dict[str, Any]:  # JSON
    """The bill of one function, or of several together under that name."""
    built = tuple(functions)
    shipped = {each.name: each for function in built for each in function.distributions}
    components = [_component(shipped[key]) for key in sorted(shipped)]
    root = {"type": "application", "bom-ref": name, "name": name}
    depends = {"ref": name, "dependsOn": [component["bom-ref"] for component in components]}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": root},
        "components": components,
        "dependencies": [depends],
    }


def _component(shipped: ShippedDistribution) -> dict[str, Any]:  # JSON
    address = f"pkg:pypi/{shipped.name}@{shipped.version}"
    component: dict[str, Any] = {  # JSON
        "type": "library",
        "bom-ref": address,
        "name": shipped.name,
        "version": shipped.version,
        "purl": address,
        "licenses": [{"license": _licence(shipped.licence)}],
    }
    if shipped.edited:
        notes = "Changed as it is packaged: " + ", ".join(shipped.edited)
        component["pedigree"] = {"notes": notes}
    return component


def _licence(declared: str) -> dict[str, str]:
    identifier = spdx_identifier(declared)
    return {"name": declared} if identifier is None else {"id": identifier}
