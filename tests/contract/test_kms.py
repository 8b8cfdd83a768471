"""Secrets over the official OpenAPI core, against KMS on the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.faults import Fault
from infra.localcloud.kms.service import KmsService
from shared.aliyun.credentials import RoleCredentials, bind_credentials
from shared.aliyun.kms import KmsSecrets
from shared.errors import ProviderUnavailable, SettingsInvalid
from shared.secret_source import with_secrets
from tests.background import Background
from tests.fakes.row_stores import credentials_of

NAME, VALUE = "sesame/dev/otp-keys", "1:c2VjcmV0"


class RunningKms:
    """The service with one secret."""

    def __init__(self) -> None:
        self.cloud = Cloud()
        self._background = Background()
        self.service = KmsService(self.cloud)
        self.service.put_secret(NAME, VALUE)
        self._server = self._background.serve(self.service, self.cloud)

    @property
    def secrets(self) -> KmsSecrets:
        return KmsSecrets(endpoint=self._server.endpoint, region="cn-hangzhou")

    def stop(self) -> None:
        self._background.run(self._server.stop())
        self._background.close()


@pytest.fixture
def kms(no_proxies: None) -> Iterator[RunningKms]:
    running = RunningKms()
    bind_credentials(credentials_of(running.cloud.identities.root))
    yield running
    bind_credentials(None)
    running.stop()


def test_a_secret_is_read_by_its_name(kms: RunningKms) -> None:
    assert kms.secrets(NAME) == VALUE


def test_settings_name_secrets_and_each_is_read_once(kms: RunningKms) -> None:
    environment = {"OTP_KEYS": f"kms:{NAME}", "RECORD_KEY": f"kms:{NAME}", "STAGE": "dev"}

    resolved = with_secrets(environment, lambda: kms.secrets)

    assert resolved == {"OTP_KEYS": VALUE, "RECORD_KEY": VALUE, "STAGE": "dev"}
    (reading,) = kms.cloud.meter.as_json()["operations"]
    assert (reading["operation"], reading["count"]) == ("GetSecretValue", 1)


def test_an_environment_without_secrets_opens_no_source() -> None:
    def never() -> KmsSecrets:
        raise AssertionError

    environment = {"STAGE": "dev"}
    assert with_secrets(environment, never) is environment


@pytest.mark.parametrize(("name", "code"), [("sesame/dev/nothing", "Forbidden.ResourceNotFound")])
def test_a_secret_that_is_not_there_is_named(kms: RunningKms, name: str, code: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"kms:{name}: {code}"):
        kms.secrets(name)


@pytest.mark.parametrize("kind", ["error:ServiceUnavailable", "drop_before", "html_503"])
def test_a_kms_that_fails_is_asked_again_later(kms: RunningKms, kind: str) -> None:
    kms.cloud.faults.add(Fault("kms", "*", kind, 10))

    with pytest.raises(ProviderUnavailable) as caught:  # 503, and not a setting's fault
        kms.secrets(NAME)
    assert VALUE not in str(caught.value)


def test_a_role_needs_the_permission(kms: RunningKms) -> None:
    access = kms.cloud.access
    access.put_role("reader", {})
    session = kms.cloud.identities.issue_session(
        role="reader", session_name="f", duration_s=900, function="verify_otp"
    )
    bind_credentials(
        RoleCredentials(session.access_key_id, session.access_key_secret, session.token)
    )
    with pytest.raises(SettingsInvalid, match="Forbidden.RAM"):
        kms.secrets(NAME)

    allowed = {
        "Effect": "Allow",
        "Action": "kms:GetSecretValue",
        "Resource": access.resource("kms", "secret/sesame/dev/*"),
    }
    access.put_role("reader", {"some": {"Version": "1", "Statement": [allowed]}})
    assert kms.secrets(NAME) == VALUE
