"""The environment of the command."""

from __future__ import annotations

import pytest

from infra.foundation.__main__ import main
from infra.foundation.model import FoundationFailed
from infra.foundation.settings import read_settings

WHOLE = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAIxyz",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "a-secret-that-nobody-prints",
    "SESAME_TABLESTORE_ENDPOINT": "https://sesame-dev.cn-hangzhou.ots.aliyuncs.com",
    "SESAME_TABLESTORE_INSTANCE": "sesame-dev",
    "SESAME_SMQ_ENDPOINT": "http://1000000000000001.mns.cn-hangzhou.aliyuncs.com/",
}


def test_settings_have_the_platform_s_defaults() -> None:
    settings = read_settings(WHOLE, stage="dev", account_id="")

    assert (settings.region, settings.project) == ("cn-hangzhou", "sesame-dev")
    assert settings.smq_endpoint == "http://1000000000000001.mns.cn-hangzhou.aliyuncs.com"
    assert settings.queue_owner == "1000000000000001"
    assert (settings.ram_endpoint, settings.sls_endpoint, settings.sts_endpoint) == ("", "", "")


def test_the_account_of_the_command_line_wins() -> None:
    environment = {**WHOLE, "SESAME_ACCOUNT_ID": "1"}

    assert read_settings(environment, stage="dev", account_id="").account_id == "1"
    assert read_settings(environment, stage="dev", account_id="2").account_id == "2"


def test_every_bad_key_is_named_at_once_and_no_value() -> None:
    environment = {
        **WHOLE,
        "SESAME_SMQ_ENDPOINT": "",
        "SESAME_TABLESTORE_ENDPOINT": "sesame.example",
        "SESAME_RAM_ENDPOINT": "ram",
        "SESAME_LOG_PROJECT": "No",
    }

    with pytest.raises(FoundationFailed) as raised:
        read_settings(environment, stage="Dev_1", account_id="me")

    assert str(raised.value) == (
        "settings_invalid (--stage unusable, SESAME_ACCOUNT_ID unusable,"
        " SESAME_LOG_PROJECT unusable, SESAME_TABLESTORE_ENDPOINT unusable,"
        " SESAME_SMQ_ENDPOINT not set, SESAME_RAM_ENDPOINT unusable)"
    )


def test_no_credentials_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--stage", "dev"], {}) == 1

    assert capsys.readouterr().err == (
        "foundation: no_credentials (ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET"
        " not set); set them, or source the file that does\n"
    )
