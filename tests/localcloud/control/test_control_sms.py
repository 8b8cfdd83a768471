"""Reviews, registrations, the account and the pushes over the control plane."""

from __future__ import annotations

import pytest
from alibabacloud_dysmsapi20170525 import models

from infra.localcloud.testing import CallRefused, LocalCloud, mock_aliyun
from tests.localcloud.testing.clients import (
    TRIAL_SIGN,
    TRIAL_TEMPLATE,
    make_template,
    send,
    sms,
    template_status,
)


@pytest.fixture
def cloud():
    with mock_aliyun("dysmsapi", sets_environment=False) as running:
        yield running


def registrations(cloud: LocalCloud) -> dict[str, int]:
    body = sms(cloud).get_sms_sign(models.GetSmsSignRequest(sign_name=TRIAL_SIGN)).body
    return {each.operator_code: each.register_status for each in body.sign_isp_register_detail_list}


@pytest.mark.parametrize(
    ("state", "status"),
    [("reviewing", "0"), ("approved", "1"), ("rejected", "2"), ("cancelled", "10")],
)
def test_template_is_moved_to_a_state(cloud: LocalCloud, state: str, status: str) -> None:
    code = make_template(cloud)

    told = cloud.ask("POST", f"/templates/{code}", {"state": state, "reason": "why"})

    assert (told["state"], told["reason"]) == (state, "why")
    assert template_status(cloud, code) == status


def test_template_that_is_rejected_sends_nothing(cloud: LocalCloud) -> None:
    cloud.ask("POST", f"/templates/{TRIAL_TEMPLATE}", {"state": "rejected"})
    assert send(cloud) == "isv.SMS_TEMPLATE_ILLEGAL"

    cloud.reset()
    assert send(cloud) == "OK"


def test_sign_is_registered_with_one_carrier_or_with_all(cloud: LocalCloud) -> None:
    assert registrations(cloud) == {"mobile": 3, "unicom": 3, "telecom": 3}

    cloud.ask("POST", f"/signs/{TRIAL_SIGN_QUOTED}", {"registration": 2, "operator": "unicom"})
    assert registrations(cloud) == {"mobile": 3, "unicom": 2, "telecom": 3}
    cloud.ask("POST", f"/signs/{TRIAL_SIGN_QUOTED}", {"registration": -1})

    assert registrations(cloud) == {"mobile": -1, "unicom": -1, "telecom": -1}


TRIAL_SIGN_QUOTED = "%E9%98%BF%E9%87%8C%E4%BA%91%E7%9F%AD%E4%BF%A1%E6%B5%8B%E8%AF%95"


def test_sign_that_is_cancelled_sends_nothing(cloud: LocalCloud) -> None:
    cloud.ask("POST", f"/signs/{TRIAL_SIGN_QUOTED}", {"state": "cancelled"})

    assert send(cloud) == "isv.SIGN_STATE_ILLEGAL"
    (sign,) = cloud.ask("GET", "/signs")["signs"]
    assert (sign["name"], sign["state"]) == (TRIAL_SIGN, "cancelled")


def test_account_is_set_part_by_part(cloud: LocalCloud) -> None:
    cloud.ask("POST", "/sms-account", {"daily_limit": 5})
    told = cloud.ask("POST", "/sms-account", {"state": "out_of_service"})
    assert told == {
        "state": "out_of_service",
        "balance_segments": None,
        "daily_limit": 5,
        "monthly_limit": None,
    }
    assert send(cloud) == "isv.OUT_OF_SERVICE"

    cloud.ask("POST", "/sms-account", {"state": "in_service", "daily_limit": None})

    assert send(cloud) == "OK"


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/signs/none", {"state": "approved"}, "no sign"),
        ("/signs/none", {"registration": 3, "operator": "mobile"}, "no sign"),
        ("/signs/none", {}, "state"),
        ("/signs/none", {"registration": 4}, "registration"),
        ("/signs/none", {"registration": 3, "operator": "t-mobile"}, "operator"),
        ("/templates/none", {"state": "approved"}, "no template"),
        (f"/templates/{TRIAL_TEMPLATE}", {"state": "perhaps"}, "state"),
        ("/sms-account", {"state": None}, "state"),
        ("/sms-account", {"daily_limit": -1}, "daily_limit"),
        ("/sms-account", {"balance": 1}, "balance"),
    ],
)
def test_call_says_what_is_wrong(
    cloud: LocalCloud, path: str, body: dict[str, object], named: str
) -> None:
    with pytest.raises(CallRefused, match=named):
        cloud.ask("POST", path, body)


def test_pushes_can_be_struck_by_their_names(cloud: LocalCloud) -> None:
    cloud.fail("dysmsapi", "SmsReport", "drop_before")
    with pytest.raises(CallRefused, match="operation"):
        cloud.fail("sts", "SmsReport", "drop_before")
