"""STS through its own SDK, which signs as ACS3 does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from alibabacloud_credentials.client import Client as CredentialClient
from alibabacloud_sts20150401 import models
from alibabacloud_sts20150401.client import Client
from alibabacloud_tea_openapi.utils_models import Config

from infra.localcloud.core.access import FC_TRUST, role_arn
from tests.localcloud.dysmsapi.running import FixedProvider
from tests.localcloud.ram.ram_cloud import ACCOUNT_TRUST, ROLE, refused


@pytest.fixture
def sts(cloud):
    """A client for the signer; the root key by default."""

    def client(signer=None):
        return Client(
            Config(
                credential=CredentialClient(
                    provider=FixedProvider(signer or cloud.cloud.identities.root)
                ),
                endpoint=cloud.endpoint("sts").removeprefix("http://"),
                protocol="http",
            )
        )

    return client


def assume(client, role=ROLE):
    request = models.AssumeRoleRequest(role_arn=role_arn(role), role_session_name="sesame")
    return client.assume_role(request).body


def test_sts_sdk_learns_whose_key_it_has(cloud, sts):
    assert sts().get_caller_identity().body.identity_type == "Account"

    body = sts(cloud.session(function="verify_otp")).get_caller_identity().body
    assert body.arn == f"acs:ram::1000000000000001:assumed-role/{ROLE}/s"
    readings = cloud.cloud.meter.as_json()["operations"]
    assert [(each["operation"], each["function"]) for each in readings] == [
        ("GetCallerIdentity", ""),
        ("GetCallerIdentity", "verify_otp"),
    ]


def test_sts_sdk_assumes_a_role(cloud, sts):
    cloud.cloud.access.put_role(ROLE, {}, ACCOUNT_TRUST)

    body = assume(sts())

    session = cloud.cloud.identities.find(body.credentials.access_key_id)
    assert session.token == body.credentials.security_token
    role_id = cloud.cloud.access.book.role(ROLE).role_id
    assert body.assumed_role_user.assumed_role_id == f"{role_id}:sesame"


def test_sts_sdk_is_refused(cloud, sts):
    cloud.cloud.access.put_role(ROLE, {}, FC_TRUST)
    forged = replace(cloud.cloud.identities.root, access_key_secret="wrong")

    with refused("NoPermission", 403):
        assume(sts())
    with refused("SignatureDoesNotMatch", 400):
        assume(sts(forged))
    cloud.cloud.access.strict_roles = True
    with refused("EntityNotExist.Role", 404):
        assume(sts(), "nobody")
