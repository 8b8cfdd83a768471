"""The console on the running cloud: each function with its own role, and a browser's cookies."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator

import pytest
import requests
from mns.account import Account
from mns.queue import Message

from infra.background_cloud import BackgroundCloud
from tests.waiting import wait_until

PAGES = ("deliverability", "lookup", "money", "limits", "letters")


class Visitor:
    """Somebody with a browser, logged in with a key."""

    def __init__(self, cloud: BackgroundCloud, key: str) -> None:
        self._home = f"{cloud.ready['gateway']}/console/"
        self._session = requests.Session()
        self._session.trust_env = False
        self.landed = self.post("login", key=key)

    def get(self, path: str = "") -> requests.Response:
        return self._session.get(self._home + path, timeout=30)

    def post(self, path: str, **form: str) -> requests.Response:
        return self._session.post(self._home + path, data=form, timeout=30)

    def close(self) -> None:
        self._session.close()


@pytest.fixture
def operator(cloud: BackgroundCloud) -> Iterator[Visitor]:
    visitor = Visitor(cloud, cloud.ready["console_key"])
    yield visitor
    visitor.close()


@pytest.fixture
def support(cloud: BackgroundCloud) -> Iterator[Visitor]:
    """With a tenant's usual key."""
    visitor = Visitor(cloud, cloud.ready["api_keys"]["second"])
    yield visitor
    visitor.close()


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found, f"no field {name}"
    return found[1]


def test_every_page_is_shown_by_a_function_that_may_only_read(operator: Visitor) -> None:
    assert operator.landed.status_code == 200

    statuses = {page: operator.get(page).status_code for page in ("", *PAGES)}

    assert set(statuses.values()) == {200}, statuses


def test_a_tenant_s_usual_key_sees_its_own_and_no_letters(support: Visitor) -> None:
    assert support.get("money").status_code == 200
    assert support.get("money?tenant=default").status_code == 403
    assert support.get("letters").status_code == 403
    assert support.post("letters/redrive", letter="A1").status_code == 403


def test_who_has_no_key_sees_no_page_and_changes_nothing(cloud: BackgroundCloud) -> None:
    stranger = Visitor(cloud, "sk_of_nobody_at_all_0123456789")

    assert stranger.landed.status_code == 401
    assert [stranger.get(page).history[0].status_code for page in PAGES] == [303] * len(PAGES)
    assert stranger.post("letters/redrive", letter="A1").status_code == 401
    stranger.close()


def test_a_dead_letter_goes_back_by_a_function_of_its_own(
    cloud: BackgroundCloud, operator: Visitor
) -> None:
    ready = cloud.ready
    account = Account(ready["smq"]["endpoint"], ready["access_key_id"], ready["access_key_secret"])
    letter = {
        "reason": "no_such_reason",
        "at": int(time.time() * 1000),
        "queue": "sesame-followups-local",
        "item": '{"foreign": true}',
    }
    sent = account.get_queue("sesame-dead-local").send_message(Message(json.dumps(letter)))
    account.get_client().close_connection()
    page = operator.get("letters").text
    assert "no_such_reason" in page

    assert operator.post("letters/redrive", letter=sent.message_id).status_code == 403
    answer = operator.post("letters/redrive", letter=sent.message_id, csrf=hidden(page, "csrf"))

    assert answer.history[0].status_code == 303
    assert answer.url.endswith("/console/letters?note=redriven")


def test_what_is_counted_is_folded_within_two_minutes_and_shown(
    cloud: BackgroundCloud, operator: Visitor, new_phone: Callable[[], str]
) -> None:
    assert cloud.post("/v1/otp", {"phone": new_phone(), "purpose": "login"}).status_code == 202

    def folds() -> int:
        invocations = cloud.control("GET", "/invocations")
        return sum(each["function"] == "fold_figures" for each in invocations)

    before = folds()
    cloud.advance(61)
    wait_until(lambda: folds() > before)

    assert "default," in operator.get("deliverability?as=group&group=tenant").text
