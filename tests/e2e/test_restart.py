"""What was answered is still there after the cloud died, whichever way it died."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from infra.background_cloud import BackgroundCloud

PHONE = "+8613800138000"


@pytest.mark.parametrize("end", [BackgroundCloud.kill, BackgroundCloud.stop])
def test_a_challenge_outlives_the_cloud_that_made_it(
    tmp_path: Path, end: Callable[[BackgroundCloud], None]
) -> None:
    cloud = BackgroundCloud(tmp_path)
    cloud.start()
    try:
        cloud.advance(3600)
        issued = cloud.post("/v1/otp", {"phone": PHONE, "purpose": "login"}).json()
        code, keys = cloud.code_on(PHONE), cloud.ready["api_keys"]
        end(cloud)
        cloud.start()

        assert cloud.ready["api_keys"] == keys
        assert cloud.code_on(PHONE) == code
        throttled = cloud.post("/v1/otp", {"phone": PHONE, "purpose": "login"})
        assert throttled.status_code == 429
        body = {"challenge_id": issued["challenge_id"], "code": code}
        assert cloud.post("/v1/otp/verify", body).status_code == 200
        assert cloud.post("/v1/otp/verify", body).status_code == 422
    finally:
        cloud.stop()


def test_a_reset_forgets_all_but_the_keys_and_who_is_in_the_console(tmp_path: Path) -> None:
    cloud = BackgroundCloud(tmp_path)
    cloud.start()
    try:
        body = {"phone": PHONE, "purpose": "login"}
        assert cloud.post("/v1/otp", body).status_code == 202
        browsers = [console_of(cloud), console_of(cloud)]
        cloud.control("POST", "/reset")

        assert cloud.messages(PHONE) == []
        assert cloud.post("/v1/otp", body).status_code == 202
        money = f"{cloud.ready['gateway']}/console/money"
        assert [each.get(money, timeout=30).url for each in browsers] == [money, money]
    finally:
        cloud.stop()


def console_of(cloud: BackgroundCloud) -> requests.Session:
    """A browser in which somebody is logged in."""
    browser = requests.Session()
    browser.trust_env = False
    key = {"key": cloud.ready["console_key"]}
    browser.post(f"{cloud.ready['gateway']}/console/login", data=key, timeout=30)
    return browser
