"""The one way in: file, environment and account make a Manifest, or every problem at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from infra.serverless_devs.checks import check_props
from infra.serverless_devs.functions import function_spec
from infra.serverless_devs.layers import Renderer, with_base_file, with_templates
from infra.serverless_devs.manifest import Manifest, ManifestInvalid
from infra.serverless_devs.problems import Problems, Where
from infra.serverless_devs.shapes import refuse_unknown
from infra.serverless_devs.source import Source

_TOP_KEYS = (
    *("edition", "name", "access", "vars", "env", "extend"),
    *("template", "actions", "flow", "resources"),
)
_RESOURCE_KEYS = ("component", "extend", "actions", "props")
_FC3 = re.compile(r"(?:.*/)?fc3(?:@[\w.-]+)?")

Check = Callable[[Mapping[str, dict[str, object]], Problems], None]
"""A look at the rendered props of all functions, by resource."""


def render(
    path: Path,
    *,
    environment: Mapping[str, str],
    account_id: str | None,
    further_checks: Sequence[Check] = (),
) -> Manifest:
    """The file as the `s` tool would deploy it. Raises ManifestInvalid with every problem.

    account_id: stands for `${config('AccountID')}`; without it the text stays as written.
    """
    source, problems = Source(path), Problems()
    folder = path.resolve().parent
    data = with_base_file(source, folder, problems)
    _check_top(data, problems)
    data = data | {"resources": with_templates(data, problems)}
    renderer = Renderer(
        data,
        folder=folder,
        environment=environment,
        account_id=account_id,
        problems=problems,
    )
    renderer.render(data.get("vars") or {}, ("vars",))
    resources = _rendered(data["resources"], renderer, problems)
    functions = _function_props(data["resources"], resources)
    for name, props in functions.items():
        check_props(props, ("resources", name, "props"), problems)
    _check_names(functions, problems)
    for further in further_checks:
        further(functions, problems)
    if problems:
        raise ManifestInvalid(problems.lines(path.name, _lines(source, data["resources"])))
    return Manifest(
        path=path,
        name=str(data.get("name", "")),
        resources=resources,
        functions=tuple(
            function_spec(name, props, folder=folder, account_id=account_id)
            for name, props in functions.items()
        ),
    )


def _check_top(data: dict[str, object], problems: Problems) -> None:
    refuse_unknown(data, _TOP_KEYS, (), problems)
    if data.get("edition") != "3.0.0":
        problems.add(("edition",), f"{data.get('edition')!r} is not '3.0.0'")
    if "${" in str(data.get("access", "")):
        problems.add(("access",), "must be written out: the tool does not evaluate it")
    resources = data.get("resources")
    if not isinstance(resources, dict) or not resources:
        problems.add(("resources",), "is missing or empty")
        return
    for name, resource in resources.items():
        where = ("resources", str(name))
        if not isinstance(resource, dict):
            problems.add(where, "is not a mapping")
            continue
        if resource.get("component") is None:
            problems.add((*where, "component"), "is missing")
        refuse_unknown(resource, _RESOURCE_KEYS, where, problems)
        if resource.get("extend") is None and resource.get("props") is None:
            problems.add((*where, "props"), "is missing")


def _rendered(
    resources: object, renderer: Renderer, problems: Problems
) -> dict[str, dict[str, object]]:
    rendered: dict[str, dict[str, object]] = {}
    for name, resource in resources.items() if isinstance(resources, dict) else ():
        if not isinstance(resource, dict) or resource.get("props") is None:
            continue
        where = ("resources", str(name), "props")
        props = renderer.render(resource["props"], where)
        if isinstance(props, dict):
            rendered[str(name)] = props
        else:
            problems.add(where, "is not a mapping")
    return rendered


def _function_props(
    resources: object, rendered: dict[str, dict[str, object]]
) -> dict[str, dict[str, object]]:
    """The resources that the fc3 component deploys; others are none of this reader's business."""
    components = {
        str(name): str(resource.get("component", ""))
        for name, resource in (resources.items() if isinstance(resources, dict) else ())
        if isinstance(resource, dict)
    }
    return {name: props for name, props in rendered.items() if _FC3.fullmatch(components[name])}


def _lines(source: Source, resources: object) -> dict[Where, int]:
    """The line of each key; a key that a resource has from its template is found there."""
    lines = dict(source.line_of)
    for name, resource in resources.items() if isinstance(resources, dict) else ():
        extend = resource.get("extend") if isinstance(resource, dict) else None
        template = ("template", str(extend.get("name"))) if isinstance(extend, dict) else ()
        for where, line in source.line_of.items():
            if template and where[:2] == template:
                lines.setdefault(("resources", str(name), "props", *where[2:]), line)
    return lines


def _check_names(functions: dict[str, dict[str, object]], problems: Problems) -> None:
    owners: dict[tuple[str, str], str] = {}
    for resource, props in functions.items():
        name = props.get("functionName")
        if not isinstance(name, str):
            continue
        owner = owners.setdefault((str(props.get("region")), name), resource)
        if owner != resource:
            problems.add(
                ("resources", resource, "props", "functionName"), f"{name!r} is {owner}'s already"
            )
