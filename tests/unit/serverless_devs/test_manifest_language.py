"""The `${...}` language, templates and base files, as the Serverless Devs tool evaluates them."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.serverless_devs import Hook, ManifestInvalid, Route, render
from tests.unit.serverless_devs.manifests import (
    ACCOUNT_ID,
    SOUND,
    problems_of,
    rendered,
    spoiled,
    with_prop,
)


def _description(folder: Path, value: str, **options: object) -> object:
    text = with_prop("annotations", value)
    manifest = rendered(folder, text, **options)  # type: ignore[arg-type]
    return manifest.resources["api"]["annotations"]


def test_a_sound_file_becomes_its_functions(tmp_path: Path) -> None:
    api, worker = rendered(tmp_path, environment={"STAGE": "prod"}).functions
    assert (api.resource, api.name, api.region) == ("api", "api-prod", "cn-hangzhou")
    assert (api.runtime, api.handler, api.code_dir) == (
        "python3.10",
        "api.handler",
        (tmp_path / "code").resolve(),
    )
    assert (api.timeout_s, api.memory_mb, api.cpu) == (30, 512, 0.35)
    assert api.role == f"acs:ram::{ACCOUNT_ID}:role/sample-prod"
    assert (api.initializer, api.pre_stop) == (Hook("api.initialize", 10), Hook("api.pre_stop", 10))
    assert api.routes == (Route("auto", "/v1/*"),)
    assert (api.log_project, api.log_store) == ("sample-prod", "function")
    assert (api.async_retries, worker.async_retries) == (3, 1)
    assert [trigger.type for trigger in worker.triggers] == ["eventbridge", "timer", "mns_topic"]
    assert worker.triggers[2].source_arn == "acs:mns:cn-hangzhou:1:/topics/t"


def test_a_template_is_merged_deep_and_its_lists_are_replaced(tmp_path: Path) -> None:
    manifest = rendered(tmp_path, with_prop("layers", "[acs:fc:own]"))
    assert manifest.functions[0].environment == {
        "STAGE": "dev",
        "PYTHONPATH": "/code/python",
        "QUEUE_NAME": "sms-queue",
    }
    assert manifest.resources["api"]["layers"] == ["acs:fc:own"]


def test_a_template_key_can_be_ignored(tmp_path: Path) -> None:
    text = spoiled("extend: { name: base }", "extend: { name: base, ignore: [logConfig] }")
    api, worker = rendered(tmp_path, text).functions
    assert (api.log_project, worker.log_project) == ("", "sample-dev")


def test_a_base_file_lies_below_the_file(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(SOUND)
    text = "extend: base.yaml\nvars: { stage: top }\nresources: { api: { props: { timeout: 7 } } }"
    api = rendered(tmp_path, text).functions[0]
    assert (api.name, api.timeout_s, api.handler) == ("api-top", 7, "api.handler")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${vars.numbers.timeout_s}", 20),
        ("x${vars.numbers.timeout_s}", "x20"),
        ("${env('N', '30')}", "30"),
        ("${json(env('N', '30'))}", 30),
        ("${env('N')}", "5"),
        ('${env("N")}', "5"),
        ("${env('EMPTY', 'fallback')}", "fallback"),
        ("${this.props.functionName}", "api-dev"),
        ("${resources.worker.props.handler}", "worker.handler"),
        ("${resources.worker.output.functionName}", "${resources.worker.output.functionName}"),
        ("${file('note.txt')}", "noted"),
        ("on", "on"),
        ("a${vars.stage}b${vars.region}", "adevbcn-hangzhou"),
    ],
)
def test_an_expression_has_its_value_and_type(tmp_path: Path, value: str, expected: object) -> None:
    (tmp_path / "note.txt").write_text("noted")
    environment = {"N": "5", "EMPTY": ""} if "'N')" in value or '"N"' in value else {"EMPTY": ""}
    assert _description(tmp_path, value, environment=environment) == expected


def test_path_is_absolute_from_the_files_folder(tmp_path: Path) -> None:
    assert _description(tmp_path, "${path('.')}") == str(tmp_path.resolve())


def test_the_account_is_put_in_if_it_is_known(tmp_path: Path) -> None:
    value = "acs:${config('AccountID')}"
    assert _description(tmp_path, value) == f"acs:{ACCOUNT_ID}"
    assert _description(tmp_path, value, account_id=None) == value


def test_a_route_may_be_a_list(tmp_path: Path) -> None:
    text = spoiled("route: { path: /v1/* }", "route: [{ path: /a, methods: [GET] }, { path: /b }]")
    routes = rendered(tmp_path, text).functions[0].routes
    assert routes == (Route("auto", "/a", ("GET",)), Route("auto", "/b"))


def test_code_that_is_no_folder_has_no_folder(tmp_path: Path) -> None:
    text = spoiled("code: ./code", "code: { ossBucketName: b, ossObjectName: o }")
    assert rendered(tmp_path, text).functions[0].code_dir is None


def test_resources_of_other_components_are_no_functions(tmp_path: Path) -> None:
    text = SOUND + "  domain:\n    component: fc3-domain\n    props: { domainName: x }\n"
    manifest = rendered(tmp_path, text)
    assert "domain" in manifest.resources
    assert [function.resource for function in manifest.functions] == ["api", "worker"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("${env('NOT_SET')}", "env('NOT_SET') is not set and has no default"),
        ("${vars.nope}", "vars.nope is not there"),
        ("${vars.stage", "${ is not closed"),
        ("${nonsense('x')}", "nonsense() is not a call"),
        ("${stage}", "stage is not a reference"),
        ("${env('A'}", "lacks a closing parenthesis"),
        ("${json('{')}", "json('{')"),
        ("${path('nowhere')}", "path('nowhere') does not exist"),
        ("${file('nowhere')}", "file('nowhere') cannot be read"),
        ("${this.props.annotations}", "this.props.annotations refers to itself"),
        ("${vars.stage + 1}", "is not an expression"),
    ],
)
def test_a_broken_expression_is_named_with_its_place(
    tmp_path: Path, value: str, reason: str
) -> None:
    problems = problems_of(tmp_path, with_prop("annotations", f'"{value}"'))
    assert len(problems) == 1
    assert problems[0].startswith("s.yaml: api.props.annotations: ")
    assert reason in problems[0]


def test_a_broken_variable_is_reported_once(tmp_path: Path) -> None:
    text = spoiled("${env('STAGE', 'dev')}", "${env('STAGE')}")
    assert problems_of(tmp_path, text) == (
        "s.yaml: vars.stage: env('STAGE') is not set and has no default (line 6)",
    )


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match=r"s\.yaml: cannot be read"):
        render(tmp_path / "s.yaml", environment={}, account_id=None)
