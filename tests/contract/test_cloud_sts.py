"""What the token service answers on either cloud, asked with the product's credentials."""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from alibabacloud_sts20150401 import models
from alibabacloud_sts20150401.client import Client

from shared.aliyun.credentials import RoleCredentials, bind_credentials
from shared.aliyun.openapi import openapi_config
from tests.contract.places import StsPlace, openapi_body, openapi_code

SESSION, LIFE_S = "contract", 900
"""The shortest that there is: nothing ends a session early."""
NOTHING = '{"Version": "1", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'


@dataclass(frozen=True, slots=True, repr=False)
class Given:
    """What AssumeRole gave; a failing test shows none of it."""

    arn: str
    principal_id: str
    ends_s: int
    key: RoleCredentials


@pytest.fixture
def client(sts: StsPlace) -> Iterator[Any]:  # the SDK is untyped
    yield Client(
        openapi_config(endpoint=sts.service.endpoint, region="cn-hangzhou", read_timeout_ms=5_000)
    )
    bind_credentials(sts.service.key)


def asked(sts: StsPlace, **changes: object) -> models.AssumeRoleRequest:
    wanted = {
        "role_arn": sts.service.role_arn,
        "role_session_name": SESSION,
        "duration_seconds": LIFE_S,
    }
    return models.AssumeRoleRequest(**{**wanted, **changes})


def session(sts: StsPlace, client: Any, **changes: object) -> Given:
    """A session of the role."""
    given = openapi_body(lambda: client.assume_role(asked(sts, **changes)))
    expiration = time.strptime(given.credentials.expiration, "%Y-%m-%dT%H:%M:%SZ")
    return Given(
        arn=given.assumed_role_user.arn,
        principal_id=given.assumed_role_user.assumed_role_id,
        ends_s=calendar.timegm(expiration),
        key=RoleCredentials(
            given.credentials.access_key_id,
            given.credentials.access_key_secret,
            given.credentials.security_token,
        ),
    )


def test_a_caller_is_told_who_it_is(client: Any) -> None:
    caller = openapi_body(client.get_caller_identity)

    assert caller.identity_type in ("Account", "RAMUser", "AssumedRoleUser")
    assert caller.account_id.isdecimal()
    assert caller.arn.startswith(f"acs:ram::{caller.account_id}:")


def test_a_session_of_a_role_is_who_it_says(sts: StsPlace, client: Any) -> None:
    given = session(sts, client)
    bind_credentials(given.key)

    caller = openapi_body(client.get_caller_identity)

    role = sts.service.role_arn.partition("/")[2]
    assert abs(given.ends_s - time.time() - LIFE_S) < 120
    assert given.arn.lower() == f"{sts.service.role_arn}/{SESSION}".lower()
    assert caller.identity_type == "AssumedRoleUser"
    assert caller.arn.lower().endswith(f":assumed-role/{role}/{SESSION}".lower())
    assert caller.principal_id == given.principal_id == f"{caller.role_id}:{SESSION}"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"role_arn": "role/contract"}, "InvalidParameter.RoleArn"),
        ({"role_session_name": "?"}, "InvalidParameter.RoleSessionName"),
        ({"duration_seconds": LIFE_S - 1}, "InvalidParameter.DurationSeconds"),
        ({"policy": "no policy"}, "InvalidParameter.PolicyGrammar"),
    ],
    ids=["arn", "name", "duration", "policy"],
)
def test_what_is_wrongly_formed_is_named(
    sts: StsPlace, client: Any, changes: dict[str, object], code: str
) -> None:
    assert openapi_code(lambda: client.assume_role(asked(sts, **changes))) == code


def test_a_session_needs_its_own_token(sts: StsPlace, client: Any) -> None:
    """Inferred: the code of a token that is none."""
    key = session(sts, client).key
    bind_credentials(RoleCredentials(key.access_key_id, key.access_key_secret, "no-token"))

    assert openapi_code(client.get_caller_identity) == "InvalidSecurityToken.Malformed"


def test_a_session_is_limited_by_its_own_policy(sts: StsPlace, client: Any) -> None:
    """Inferred: that a session that may do nothing may still ask who it is."""
    bind_credentials(session(sts, client, policy=NOTHING).key)

    again = openapi_code(lambda: client.assume_role(asked(sts)))

    assert openapi_code(client.get_caller_identity) == "OK"
    assert again == "NoPermission"
