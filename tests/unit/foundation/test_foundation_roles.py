"""The roles of a stage, beside s.yaml, the queues, the tables, and what the functions import."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.foundation.role import (
    DEAD,
    DOCUMENT_LIMIT,
    EVENTS,
    FOLLOWUPS,
    LOG_STORE,
    NOTIFICATIONS,
    Role,
    as_text,
)
from infra.foundation.roles import NEEDS, VARIABLES, role_name, roles
from infra.queues import QUEUES, TOPICS
from infra.serverless_devs.manifest import Manifest
from infra.serverless_devs.reader import render
from infra.tables import TABLES

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT, REGION, INSTANCE = "1000000000000001", "cn-hangzhou", "Sesame-Dev"
Props = Mapping[str, dict[str, Any]]


@pytest.fixture(scope="module")
def deployed() -> tuple[Manifest, Props]:
    """s.yaml as it is deployed, and the props of its functions."""
    environment = dict(
        line.strip().split("=", 1)
        for line in (ROOT / "infra" / "s.env.example").read_text().splitlines()
        if "=" in line and not line.startswith("#")
    )
    seen: dict[str, dict[str, Any]] = {}
    manifest = render(
        ROOT / "s.yaml",
        environment={name: value.strip("'") for name, value in environment.items()},
        account_id=ACCOUNT,
        further_checks=[lambda functions, _: seen.update(functions)],
    )
    return manifest, seen


@pytest.fixture
def of_dev() -> dict[str, Role]:
    return {role.name: role for role in roles("dev", ACCOUNT, REGION, INSTANCE)}


def allowed(role: Role, *, by_itself: bool = False) -> set[tuple[str, str]]:
    """What a role may do, one action and resource each; by_itself: the function's own calls."""
    return {
        (action, resource)
        for statement in role.statements
        if not (by_itself and statement.is_for_platform)
        for action in statement.actions
        for resource in statement.resources
    }


def test_every_function_of_s_yaml_has_a_role_of_its_own_and_no_role_is_left_over(
    deployed: tuple[Manifest, Props], of_dev: dict[str, Role]
) -> None:
    manifest, props = deployed
    arns = {role.arn(ACCOUNT).lower(): role for role in of_dev.values() if role.function}

    assert {each.resource for each in manifest.functions} == set(NEEDS)
    assert {each.role.lower(): each.resource for each in manifest.functions} == {
        arn: role.function for arn, role in arns.items()
    }
    assert set(props) == set(NEEDS)


def test_what_fails_asynchronously_may_be_sent_where_s_yaml_sends_it(
    deployed: tuple[Manifest, Props], of_dev: dict[str, Role]
) -> None:
    for name, props in deployed[1].items():
        destinations = (props.get("asyncInvokeConfig") or {}).get("destinationConfig") or {}
        wanted = {each["destination"] for each in destinations.values()}
        role = of_dev[role_name(name, "dev")]

        assert {what for action, what in allowed(role) if action == "mns:SendMessage"} == wanted


def test_logs_go_where_s_yaml_says(
    deployed: tuple[Manifest, Props], of_dev: dict[str, Role]
) -> None:
    for each in deployed[0].functions:
        assert (
            "log:PostLogStoreLogs",
            f"acs:log:{REGION}:{ACCOUNT}:project/{each.log_project}/logstore/{each.log_store}",
        ) in allowed(of_dev[role_name(each.resource, "dev")])
        assert each.log_store == LOG_STORE


def test_names_are_those_of_the_queues_and_tables() -> None:
    assert tuple(each.name for each in QUEUES) == (NOTIFICATIONS, EVENTS, FOLLOWUPS, DEAD)
    assert TOPICS == (EVENTS,)
    tables = {table for needs in NEEDS.values() for table in needs.tables}
    assert tables == {each.name for each in TABLES}


def test_a_function_may_do_its_own_calls_and_nothing_else(of_dev: dict[str, Role]) -> None:
    verify = allowed(of_dev["sesame-verify-otp-dev"], by_itself=True)
    table = f"acs:ots:{REGION}:{ACCOUNT}:instance/sesame-dev/table"
    queue = f"acs:mns:{REGION}:{ACCOUNT}:/queues"

    assert verify == {
        ("ots:BatchWriteRow", f"{table}/sesame_state"),
        ("ots:BatchGetRow", f"{table}/sesame_state"),
        ("ots:BatchWriteRow", f"{table}/sesame_consent"),
        ("ots:BatchGetRow", f"{table}/sesame_consent"),
    }
    assert allowed(of_dev["sesame-describe-api-dev"], by_itself=True) == set()
    request = allowed(of_dev["sesame-request-otp-dev"], by_itself=True)
    assert request - verify == {
        ("dysms:SendSms", "*"),
        ("ots:BatchWriteRow", f"{table}/sesame_records"),
        ("ots:BatchGetRow", f"{table}/sesame_records"),
    }
    sweep = allowed(of_dev["sesame-sweep-messages-dev"], by_itself=True)
    assert sweep == {
        ("ots:BatchWriteRow", f"{table}/sesame_records"),
        ("ots:BatchGetRow", f"{table}/sesame_records"),
        ("ots:GetRange", f"{table}/sesame_records"),
        ("mns:BatchSendMessage", f"{queue}/sesame-notifications-dev/messages"),
        ("mns:BatchSendMessage", f"{queue}/sesame-dead-dev/messages"),
        ("dysms:QuerySendDetails", "*"),
    }


def test_the_console_only_reads_and_what_redrives_touches_queues_alone(
    of_dev: dict[str, Role],
) -> None:
    table = f"acs:ots:{REGION}:{ACCOUNT}:instance/sesame-dev/table"
    queue = f"acs:mns:{REGION}:{ACCOUNT}:/queues"
    reads = {"ots:BatchGetRow", "ots:GetRange", "mns:BatchPeekMessage", "mns:GetQueueAttributes"}

    console = allowed(of_dev["sesame-show-console-dev"], by_itself=True)
    redrive = allowed(of_dev["sesame-redrive-letter-dev"], by_itself=True)

    assert {action for action, _ in console} == reads
    assert {what for action, what in console if action.startswith("mns:")} == {
        f"{queue}/sesame-dead-dev",
        f"{queue}/sesame-dead-dev/messages",
    }
    assert redrive == {
        ("ots:BatchGetRow", f"{table}/sesame_consent"),
        ("mns:BatchReceiveMessage", f"{queue}/sesame-dead-dev/messages"),
        ("mns:DeleteMessage", f"{queue}/sesame-dead-dev/messages"),
        ("mns:ChangeMessageVisibility", f"{queue}/sesame-dead-dev/messages"),
        *(
            ("mns:BatchSendMessage", f"{queue}/sesame-{name}-dev/messages")
            for name in ("notifications", "events", "followups")
        ),
    }


def test_the_console_cannot_make_a_code(deployed: tuple[Manifest, Props]) -> None:
    for name in ("show_console", "redrive_letter"):
        assert "OTP_KEYS" not in deployed[1][name]["environmentVariables"]
        assert "SESAME_OTP_KEYS" not in VARIABLES[name]


def test_a_function_may_read_the_secrets_that_its_own_variables_name() -> None:
    named = {"SESAME_OTP_KEYS": "sesame/dev/otp", "SESAME_CALLBACK_SECRETS": "sesame/dev/push"}
    given = {r.function: r for r in roles("dev", ACCOUNT, REGION, INSTANCE, secrets=named)}
    secret = f"acs:kms:{REGION}:{ACCOUNT}:secret/sesame/dev"

    readers = {
        (name, resource)
        for name, role in given.items()
        for action, resource in allowed(role)
        if action == "kms:GetSecretValue"
    }

    assert readers == {
        ("request_otp", f"{secret}/otp"),
        ("verify_otp", f"{secret}/otp"),
        ("receive_receipt", f"{secret}/push"),
    }


def test_variables_with_keys_are_those_of_s_yaml() -> None:
    """Each key is given a value of its own, and found where s.yaml puts it."""
    keys = {name for names in VARIABLES.values() for name in names}
    environment = dict(
        line.strip().split("=", 1)
        for line in (ROOT / "infra" / "s.env.example").read_text().splitlines()
        if "=" in line and not line.startswith("#")
    )
    marked = {name: value.strip("'") for name, value in environment.items()}
    marked |= {name: f"kms:{name}" for name in keys}
    seen: dict[str, dict[str, Any]] = {}
    render(
        ROOT / "s.yaml",
        environment=marked,
        account_id=ACCOUNT,
        further_checks=[lambda functions, _: seen.update(functions)],
    )

    found = {
        name: {
            value.removeprefix("kms:")
            for value in props.get("environmentVariables", {}).values()
            if value.startswith("kms:")
        }
        for name, props in seen.items()
    }
    assert {name: names for name, names in found.items() if names} == {
        name: set(names) for name, names in VARIABLES.items()
    }


def test_nobody_but_the_administrator_may_touch_templates_and_nobody_may_write_roles(
    of_dev: dict[str, Role],
) -> None:
    holders = {
        role.name
        for role in of_dev.values()
        if any("Template" in action for action, _ in allowed(role))
    }
    assert holders == {"sesame-admin-dev"}
    for role in of_dev.values():
        written = {
            what
            for action, what in allowed(role)
            if action.startswith("ram:") and action != "ram:PassRole" and "role/" in what
        }
        assert written <= {f"acs:ram:*:{ACCOUNT}:role/aliyunmnsnotificationrole"}


def test_no_action_is_a_pattern(of_dev: dict[str, Role]) -> None:
    assert not [action for role in of_dev.values() for action, _ in allowed(role) if "*" in action]


def test_only_the_platform_assumes_a_function_s_role_and_only_people_the_others(
    of_dev: dict[str, Role],
) -> None:
    for role in of_dev.values():
        (statement,) = role.trust["Statement"]
        assert statement["Action"] == "sts:AssumeRole"
        expected = (
            {"Service": ["fc.aliyuncs.com"]}
            if role.function
            else {"RAM": [f"acs:ram::{ACCOUNT}:root"]}
        )
        assert statement["Principal"] == expected


def test_the_deployer_hands_over_these_roles_to_functions_alone(of_dev: dict[str, Role]) -> None:
    (handing,) = (
        each
        for each in of_dev["sesame-deployer-dev"].statements
        if each.actions == ("ram:PassRole",)
    )
    functions = {role.arn(ACCOUNT) for role in of_dev.values() if role.function}

    assert set(handing.resources) == functions
    assert handing.conditions == {"StringEquals": {"acs:Service": "fc.aliyuncs.com"}}


def test_policies_fit_and_stages_do_not_meet() -> None:
    dev, prod = (roles(stage, ACCOUNT, REGION, INSTANCE) for stage in ("dev", "prod"))

    assert all(len(as_text(role.policy)) <= DOCUMENT_LIMIT for role in dev)
    assert all(len(role.name) <= 64 for role in roles("x" * 20, ACCOUNT, REGION, INSTANCE))
    assert not {role.name for role in dev} & {role.name for role in prod}
    (logs,) = roles("dev", ACCOUNT, REGION, INSTANCE, log_project="own")[2].statements
    assert logs.resources == (f"acs:log:{REGION}:{ACCOUNT}:project/own/logstore/functions",)


def test_roles_load_without_an_sdk() -> None:
    """The local cloud reads them as it starts, where no operator's SDK is installed."""
    code = (
        "import sys; import infra.foundation.roles;"
        "print([m for m in sys.modules if m.partition('.')[0] in"
        " ('mns', 'tablestore', 'darabonba', 'pydantic') or m.startswith('alibabacloud')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert done.stdout.strip() == "[]"
