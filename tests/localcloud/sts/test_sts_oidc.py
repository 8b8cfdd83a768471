"""AssumeRoleWithOIDC: through the unmodified OIDC provider, the SDK of STS, and by bare calls."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest
from alibabacloud_credentials.exceptions import CredentialException
from alibabacloud_credentials.provider import OIDCRoleArnCredentialsProvider
from alibabacloud_sts20150401.client import Client
from alibabacloud_sts20150401.models import AssumeRoleWithOIDCRequest
from alibabacloud_tea_openapi.utils_models import Config
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.localcloud.core.access import role_arn
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identity_providers import OidcProvider
from infra.localcloud.core.jwt import new_signing_key, public_jwk, sign_jwt
from tests.localcloud.sts.test_sts import raw

ISSUER, AUDIENCE, SUBJECT = "https://ci.example.com", "sesame", "repo:sesame:main"
SIGNING_KEY = new_signing_key()
PROVIDER = OidcProvider("ci", ISSUER, (AUDIENCE,), (public_jwk(SIGNING_KEY, "k1"),))


def claims(**changes: object) -> dict[str, object]:
    now_s = int(time.time())
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": SUBJECT, "iat": now_s, "exp": now_s + 600}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def token(**changes: object) -> str:
    return sign_jwt(SIGNING_KEY, "k1", claims(**changes))


def trust(**condition: str) -> dict[str, object]:
    statement: dict[str, object] = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Federated": [PROVIDER.arn]},
        "Condition": {
            "StringEquals": {
                "oidc:iss": ISSUER,
                "oidc:aud": AUDIENCE,
                **{f"oidc:{name}": value for name, value in condition.items()},
            }
        },
    }
    return {"Version": "1", "Statement": [statement]}


READER = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": "dysms:*", "Resource": "*"}],
}


@pytest.fixture
def federated(sts):
    """An account that trusts a provider, with a role for its users."""
    sts.cloud.identity_providers.put(PROVIDER)
    sts.cloud.access.put_role("deployer", {"send": READER}, trust(sub=SUBJECT))
    return sts


def call(sts, text: str, **changes: str):
    fields = {
        "Action": "AssumeRoleWithOIDC",
        "Version": "2015-04-01",
        "OIDCProviderArn": PROVIDER.arn,
        "RoleArn": role_arn("deployer"),
        "RoleSessionName": "ci",
        "OIDCToken": text,
        **changes,
    }
    return raw(sts, "GET", urlencode(fields))


def refusal(sts, text: str, **changes: str) -> tuple[int, str]:
    status, body = call(sts, text, **changes)
    return status, body["Code"]


def test_oidc_gives_the_credential_provider_a_session_of_the_role(federated, tmp_path: Path):
    (tmp_path / "token").write_text(token())
    provider = OIDCRoleArnCredentialsProvider(
        role_arn=role_arn("deployer"),
        oidc_provider_arn=PROVIDER.arn,
        oidc_token_file_path=str(tmp_path / "token"),
        role_session_name="ci",
        duration_seconds=1800,
        sts_endpoint=federated.endpoint,
    )

    credentials = provider.get_credentials()

    session = federated.cloud.identities.find(credentials.get_access_key_id())
    assert session.token == credentials.get_security_token()
    assert (session.role, session.session_name) == (role_arn("deployer"), "ci")


def test_oidc_provider_reports_an_expired_token(federated, tmp_path: Path):
    (tmp_path / "token").write_text(token(exp=int(time.time()) - 1))
    provider = OIDCRoleArnCredentialsProvider(
        role_arn=role_arn("deployer"),
        oidc_provider_arn=PROVIDER.arn,
        oidc_token_file_path=str(tmp_path / "token"),
        sts_endpoint=federated.endpoint,
    )

    with pytest.raises(CredentialException, match="AuthenticationFail.OIDCToken.Expired"):
        provider.get_credentials()


def test_oidc_answers_the_sdk_with_what_the_token_said(federated):
    client = Client(Config(endpoint=federated.endpoint.removeprefix("http://"), protocol="http"))

    body = client.assume_role_with_oidc(
        AssumeRoleWithOIDCRequest(
            oidcprovider_arn=PROVIDER.arn,
            oidctoken=token(),
            role_arn=role_arn("deployer"),
            role_session_name="ci",
        )
    ).body

    told = body.oidctoken_info
    assert (told.subject, told.issuer, told.client_ids) == (SUBJECT, ISSUER, AUDIENCE)
    assert body.assumed_role_user.arn == f"{role_arn('deployer')}/ci"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "Invalid"),
        ("no-token", "Invalid"),
        ("a.b.c", "Invalid"),
        ("!!.??.==", "Invalid"),
        (f"{'x' * 20_000}.a.b", "Invalid"),
        (token(iss="https://other.example.com"), "Invalid"),
        (token(sub=None), "Invalid"),
        (token(exp=None), "Invalid"),
        (token(exp="soon"), "Invalid"),
        (token(exp=True), "Invalid"),
        (token(exp=10**400), "Invalid"),
        (token(aud="another"), "AudienceNotMatch"),
        (token(aud=[]), "AudienceNotMatch"),
        (token(exp=1), "Expired"),
        (token()[:-6] + "AAAAAA", "InvalidSignature"),
        (sign_jwt(new_signing_key(), "k1", claims()), "InvalidSignature"),
        (sign_jwt(SIGNING_KEY, "k2", claims()), "InvalidSignature"),
    ],
)
def test_oidc_refuses_a_token_with_the_documented_code(federated, text: str, code: str):
    assert refusal(federated, text) == (401, f"AuthenticationFail.OIDCToken.{code}")


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512"])
def test_oidc_refuses_an_algorithm_that_is_not_asked_of_providers(federated, algorithm: str):
    head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm}).encode()).decode().rstrip("=")
    text = f"{head}.{token().split('.')[1]}."

    status, body = call(federated, text)

    assert (status, body["Code"]) == (401, "AuthenticationFail.OIDCToken.Invalid")
    assert algorithm in body["Message"]


def test_oidc_takes_a_token_by_es256(federated):
    private = ec.generate_private_key(ec.SECP256R1())
    point = private.public_key().public_numbers()

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "kid": "e1",
        "x": part(point.x.to_bytes(32, "big")),
        "y": part(point.y.to_bytes(32, "big")),
    }
    federated.cloud.identity_providers.put(OidcProvider("ci", ISSUER, (AUDIENCE,), (jwk,)))
    header = {"alg": "ES256", "kid": "e1"}
    signed = ".".join(part(json.dumps(each).encode()) for each in (header, claims()))
    r, s = decode_dss_signature(private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))

    good = f"{signed}.{part(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    bad = f"{signed}.{part(s.to_bytes(32, 'big') + r.to_bytes(32, 'big'))}"

    assert call(federated, good)[0] == 200
    assert refusal(federated, bad) == (401, "AuthenticationFail.OIDCToken.InvalidSignature")


def test_oidc_asks_the_roles_trust_policy(federated):
    federated.cloud.access.put_role("other", {}, trust(sub="repo:sesame:release"))
    federated.cloud.access.put_role("closed", {})

    for name in ("other", "closed"):
        assert refusal(federated, token(), RoleArn=role_arn(name)) == (
            401,
            "AuthenticationFail.NoPermission",
        )
    assert refusal(federated, token(), RoleArn=role_arn("nobody")) == (404, "EntityNotExist.Role")


def test_oidc_knows_only_providers_that_were_registered(federated):
    arn = PROVIDER.arn + "x"
    assert refusal(federated, token(), OIDCProviderArn=arn) == (
        401,
        "AuthenticationFail.NoPermission",
    )


def test_oidc_session_ends_by_the_clouds_clock_and_keeps_its_policy(federated):
    policy = json.dumps(
        {
            "Version": "1",
            "Statement": [{"Effect": "Allow", "Action": "dysms:Query*", "Resource": "*"}],
        }
    )
    status, body = call(federated, token(), DurationSeconds="900", Policy=policy)
    assert status == 200
    session = federated.cloud.identities.find(body["Credentials"]["AccessKeyId"])
    access = federated.cloud.access

    may = {
        action: access.allows(session, action, ["*"], source_ip="127.0.0.1")
        for action in ("dysms:QuerySendDetails", "dysms:SendSms", "ots:GetRow")
    }
    federated.cloud.clock.advance(901)

    assert may == {"dysms:QuerySendDetails": True, "dysms:SendSms": False, "ots:GetRow": False}
    assert federated.cloud.identities.is_expired(session)


def test_oidc_takes_the_hosts_time_when_the_clouds_was_moved(federated):
    federated.cloud.clock.advance(86_400)

    assert call(federated, token())[0] == 200


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(max_size=60) | st.binary(max_size=60).map(lambda raw_: raw_.hex() + ".a.b"))
def test_oidc_answers_any_token_with_a_code(federated, text: str):
    status, code = refusal(federated, text.encode("utf-8", "replace").decode())

    assert status == 401
    assert code.startswith("AuthenticationFail.")


def test_oidc_providers_outlive_a_restart(tmp_path: Path):
    Cloud(tmp_path).identity_providers.put(PROVIDER)

    assert Cloud(tmp_path).identity_providers.by_arn(PROVIDER.arn) == PROVIDER
    assert (tmp_path / "oidc-providers.json").stat().st_mode & 0o777 == 0o600
