"""Identity providers over the control plane: registered with their keys, or played by the cloud."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from alibabacloud_credentials.provider import OIDCRoleArnCredentialsProvider
from alibabacloud_ram20150501 import models

from infra.localcloud.testing import CallRefused, LocalCloud, mock_aliyun
from tests.localcloud.testing.clients import ram

PLAYED = {"name": "ci", "issuer": "https://ci.example.com", "client_ids": ["sesame"]}


@pytest.fixture
def cloud():
    with mock_aliyun(["sts", "ram"], sets_environment=False) as running:
        yield running


def test_played_provider_makes_tokens_that_sts_believes(cloud: LocalCloud, tmp_path: Path) -> None:
    provider = cloud.ask("POST", "/oidc-providers", PLAYED)
    trust = {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Federated": [provider["arn"]]},
                "Condition": {"StringEquals": {"oidc:sub": "me"}},
            }
        ],
    }
    request = models.CreateRoleRequest(
        role_name="deployer", assume_role_policy_document=json.dumps(trust)
    )
    arn = ram(cloud).create_role(request).body.role.arn
    token = cloud.ask("POST", "/oidc-providers/ci/tokens", {"sub": "me"})["token"]
    (tmp_path / "token").write_text(token)

    credentials = OIDCRoleArnCredentialsProvider(
        role_arn=arn,
        oidc_provider_arn=provider["arn"],
        oidc_token_file_path=str(tmp_path / "token"),
        sts_endpoint=cloud.endpoint("sts"),
    ).get_credentials()

    assert credentials.get_security_token()


def test_provider_with_keys_of_its_own_makes_no_tokens_here(cloud: LocalCloud) -> None:
    jwks = cloud.ask("POST", "/oidc-providers", PLAYED)["jwks"]

    told = cloud.ask("POST", "/oidc-providers", {**PLAYED, "name": "own", "jwks": jwks})

    assert told["is_played_here"] is False
    assert "signing_key" not in told
    with pytest.raises(CallRefused, match="private key"):
        cloud.ask("POST", "/oidc-providers/own/tokens", {"sub": "me"})
    names = [each["name"] for each in cloud.ask("GET", "/oidc-providers")["oidc_providers"]]
    assert names == ["ci", "own"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"name": "a/b"}, "name"),
        ({"issuer": "ci"}, "issuer"),
        ({"client_ids": []}, "client_ids"),
        ({"jwks": {"keys": []}}, "jwks"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, "jwks.keys"),
        ({"jwks": {"keys": [{"kty": "RSA", "n": "!", "e": "AQAB"}]}}, "jwks.keys"),
        ({"jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}}, "jwks.keys"),
    ],
)
def test_provider_that_cannot_be_is_refused(
    cloud: LocalCloud, change: dict[str, object], named: str
) -> None:
    with pytest.raises(CallRefused, match=named):
        cloud.ask("POST", "/oidc-providers", {**PLAYED, **change})


def test_unknown_provider_is_told(cloud: LocalCloud) -> None:
    for method, path in (("DELETE", ""), ("POST", "/tokens")):
        with pytest.raises(CallRefused, match="no identity provider"):
            cloud.ask(method, f"/oidc-providers/nobody{path}", {"sub": "x"})
