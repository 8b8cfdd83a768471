"""The switches of phones over the control plane."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.localcloud.testing import CallRefused, LocalCloud, mock_aliyun
from tests.localcloud.testing.clients import send

PHONE = "+8613800000000"


@pytest.fixture
def cloud() -> Iterator[LocalCloud]:
    with mock_aliyun("dysmsapi", sets_environment=False) as running:
        yield running


def test_switch_of_a_phone_is_set_told_and_cleared(cloud: LocalCloud) -> None:
    said = cloud.ask("POST", "/phones", {"phone": "8613800000000", "state": "off"})
    told = cloud.ask("GET", "/phones")
    cleared = cloud.ask("DELETE", "/phones")

    assert said == {"phone": PHONE, "state": "off"}
    code = "MOBILE_NOT_ON_SERVICE"
    assert told == {"phones": [{"phone": PHONE, "state": "off", "err_code": code}]}
    assert cleared == {"phones": []}


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"phone": "x", "state": "off"}, "phone"),
        ({"phone": PHONE, "state": "broken"}, "state"),
        ({"phone": PHONE}, "state"),
        ({"phone": PHONE, "state": "off", "for_s": 1}, "for_s"),
    ],
)
def test_switch_that_is_none_is_refused_by_its_field(
    cloud: LocalCloud, order: dict[str, object], field: str
) -> None:
    with pytest.raises(CallRefused, match=field):
        cloud.ask("POST", "/phones", order)


def test_phone_that_is_off_gets_nothing_until_it_is_on(cloud: LocalCloud) -> None:
    cloud.ask("POST", "/phones", {"phone": PHONE, "state": "off"})
    assert send(cloud, phone="13800000000") == "OK"
    cloud.advance(61)
    cloud.ask("POST", "/phones", {"phone": PHONE, "state": "normal"})
    assert send(cloud, phone="13800000000") == "OK"

    assert len(cloud.messages(PHONE)) == 1
