"""What support and operators come to the console for, by hand; and what must not happen there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
import requests
from mns.queue import Message
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from infra.background_cloud import BackgroundCloud, CloudFailed
from infra.queues import account_from
from tests.accessibility import PHONE_WIDTH, complaints, keep_screenshot, look, looked_at, too_wide
from tests.e2e.console_browser import SCREENSHOTS, Console
from tests.waiting import wait_until

pytestmark = pytest.mark.browser
BLOCK = "+86196"
"""Nobody else's numbers begin so: the figures of the block are those of one test."""
TYPED, HELD_BACK, OFF = (f"{BLOCK}8800{number}" for number in (1001, 1002, 1003))
CALLED = "called in, waits for a code"
CODE_LIFE_S = 300
"""Conversion counts the codes whose life is over."""
HOSTILE = "<script>window.isOwned = 1</script><img src=x onerror='window.isOwned = 1'>"


@pytest.fixture(scope="module")
def _console(chromium: Chrome, _running: BackgroundCloud) -> Iterator[Console]:
    with looked_at(chromium) as browser:
        console = Console(browser, _running)
        console.log_in(_running.ready["console_key"])
        yield console


@pytest.fixture
def console(_console: Console, cloud: BackgroundCloud) -> Iterator[Console]:
    """Logged in with all scopes; at the end nothing was forbidden by the policy, and no script
    of anybody else's ran.
    """
    look(_console.browser, width=1280)
    complaints(_console.browser)
    yield _console
    assert _console.script("return window.isOwned") is None
    assert [each for each in complaints(_console.browser) if "Security Policy" in each] == []


def ask_for_code(cloud: BackgroundCloud, phone: str) -> requests.Response:
    return cloud.post("/v1/otp", {"phone": phone, "purpose": "login"})


def log_lines(cloud: BackgroundCloud) -> list[str]:
    return [line for each in cloud.control("GET", "/invocations") for line in each["log"]]


def test_support_sees_what_became_of_codes_and_why_one_did_not_come(
    console: Console, cloud: BackgroundCloud
) -> None:
    issued = ask_for_code(cloud, TYPED).json()
    cloud.post(
        "/v1/otp/verify", {"challenge_id": issued["challenge_id"], "code": cloud.code_on(TYPED)}
    )
    assert [ask_for_code(cloud, HELD_BACK).status_code for _ in range(2)] == [202, 429]
    order = {"phone": OFF, "err_code": "MOBILE_NOT_ON_SERVICE"}
    cloud.control("POST", "/deliveries", order)
    lost = ask_for_code(cloud, OFF).json()["challenge_id"]

    expected = {"Requested": "4", "Sent": "3", "Delivery": "66.7%", "Failed": "1"}
    expected |= {"No receipt": "0", "Conversion": "33.3%"}
    figures = f"deliverability?tenant=default&range=24h&group=prefix&only=%2B{BLOCK[1:]}"
    wait_until(lambda: agrees(console, figures, expected), timeout_s=60)
    assert "phone_minute" in console.text
    assert "MOBILE_NOT_ON_SERVICE" in console.text

    console.look_up(OFF, who="Lin", why=CALLED)
    keep_screenshot(console.browser, SCREENSHOTS / "console-lookup-off.png")
    found = console.text
    assert f"The latest for +86******{OFF[-4:]}" in found
    assert "The phone is off, out of coverage or suspended" in found
    assert "What to do" in found
    assert "Tell the customer" in found
    steps = console.browser.find_elements(By.CSS_SELECTOR, ".timeline > li")
    assert len(steps) >= 3
    assert console.path == "/console/lookup"
    assert OFF[3:] not in console.source

    console.look_up(lost, who="Lin", why="the same, by its id")
    assert "Not delivered" in console.text
    console.look_up(HELD_BACK, who="Lin", why="asked again and again")
    assert "Held back by a limit" in console.text
    assert "The last code that really went out" in console.text

    wait_until(lambda: sum('"support_looked_up"' in each for each in log_lines(cloud)) >= 3)
    lines = log_lines(cloud)
    told = [json.loads(each) for each in lines if '"support_looked_up"' in each]
    by_phone = [each for each in told if each["phone"] == f"+86******{OFF[-4:]}"]
    assert {(each["who"], each["why"]) for each in by_phone} == {("Lin", CALLED)}
    assert [each for each in lines for phone in (TYPED, HELD_BACK, OFF) if phone[3:] in each] == []


def agrees(console: Console, page: str, expected: dict[str, str]) -> bool:
    """True once the figures are there; else time passes, and what was counted is added up."""
    console.open(page)
    tiles = console.tiles
    if {name: tiles.get(name) for name in expected} == expected:
        return True
    before = folds(console.cloud)
    console.cloud.advance(CODE_LIFE_S)
    wait_until(lambda: folds(console.cloud) - before)
    return False


def folds(cloud: BackgroundCloud) -> set[str]:
    listed = cloud.control("GET", "/invocations")
    return {each["request_id"] for each in listed if each["function"] == "fold_figures"}


def test_an_operator_puts_a_dead_letter_back_and_the_message_goes_out(
    console: Console, cloud: BackgroundCloud, new_phone: Callable[[], str]
) -> None:
    phone = new_phone()
    put_dead_letter(cloud, phone)
    console.open("letters")
    assert HOSTILE in console.text
    assert phone[3:] not in console.source
    keep_screenshot(console.browser, SCREENSHOTS / "console-letters-one.png")

    console.press("//li[contains(., 'window.isOwned')]//button", by=By.XPATH)

    assert console.path == "/console/letters?note=redriven"
    assert HOSTILE not in console.text
    wait_until(lambda: cloud.messages(phone))
    console.open("money")
    assert "¥" in console.tiles["Billed this month"]
    console.open("limits")
    assert "It closes by itself." in console.text


def put_dead_letter(cloud: BackgroundCloud, phone: str) -> None:
    """One that only has to be tried again; its reason is a stranger's."""
    event = {
        "version": 1,
        "tenant": "default",
        "to": phone,
        "template": "ship_update",
        "params": {"order_no": "A1", "status": "shipped"},
    }
    letter = {
        "reason": HOSTILE,
        "at": int(cloud.control("GET", "/clock")["now_s"] * 1000),
        "queue": "sesame-events-local",
        "item": json.dumps(event),
    }
    ready = cloud.ready
    account = account_from(
        {
            "SESAME_SMQ_ENDPOINT": ready["smq"]["endpoint"],
            "ALIBABA_CLOUD_ACCESS_KEY_ID": ready["access_key_id"],
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ready["access_key_secret"],
        }
    )
    account.get_queue("sesame-dead-local").send_message(Message(json.dumps(letter)))
    account.get_client().close_connection()


def test_a_wrong_key_is_told_so_and_opens_nothing(console: Console) -> None:
    with console.held_by("sk_of_nobody_at_all_0123456789"):
        assert "This key is not known" in console.texts("[role=alert]")
        assert "sk_of_nobody" not in console.source
        console.open("money")
        assert console.path.startswith("/console/login?next=")

    assert console.path == "/console/"


def test_ten_years_are_cut_to_what_is_kept(console: Console) -> None:
    console.open("deliverability?from=2016-01-01&to=2026-01-01&by=hour")

    assert "these are the last 400 of it" in console.text
    assert "More than 14 days are shown by the day" in console.text


def test_script_in_an_address_is_shown_as_text(console: Console) -> None:
    console.open(f"deliverability?group=country&only={quote(HOSTILE)}")

    assert HOSTILE in console.text


def test_script_in_what_is_typed_stays_text(console: Console) -> None:
    console.look_up(HOSTILE, who="Lin", why=HOSTILE)

    assert "neither a phone number nor the id" in console.text
    typed = console.browser.find_element(By.NAME, "why").get_attribute("value")
    assert typed is not None
    assert typed.startswith("<script>")


def test_an_id_of_another_tenant_s_tells_nothing(
    console: Console, cloud: BackgroundCloud, new_phone: Callable[[], str]
) -> None:
    phone = new_phone()
    theirs = ask_for_code(cloud, phone).json()["challenge_id"]
    with console.held_by(cloud.ready["api_keys"]["second"]):
        console.look_up(theirs, who="Lin", why="not ours")
        assert "another tenant" in console.text
        console.look_up(phone, who="Lin", why="not ours either")
        assert f"Nothing found for +86******{phone[-4:]}" in console.text
        for page in ("money?tenant=default", "deliverability?tenant=*", "letters"):
            console.open(page)
            assert "Not with this key" in console.text


def test_what_callers_and_phones_say_is_text_on_the_phone(
    console: Console, cloud: BackgroundCloud, new_phone: Callable[[], str]
) -> None:
    phone, parameter = new_phone(), "<script>isOwned=1</script>"
    params = {"order_no": parameter, "status": "shipped"}
    sent = cloud.post(
        "/v1/notifications", {"to": phone, "template": "ship_update", "params": params}
    )
    assert sent.status_code == 202
    wait_until(lambda: any(parameter in each["text"] for each in cloud.messages(phone)))
    reply = f"{HOSTILE}{'W' * (500 - len(HOSTILE))}"
    cloud.control("POST", "/inbox/reply", {"phone": phone, "content": reply})
    with pytest.raises(CloudFailed, match="at most 500"):
        cloud.control("POST", "/inbox/reply", {"phone": phone, "content": 20 * reply})

    look(console.browser, width=PHONE_WIDTH)
    console.browser.get(cloud.ready["gateway"])

    wait_until(lambda: reply in console.texts(f"[data-phone='{phone}']"))
    assert parameter in console.texts(f"[data-phone='{phone}']")
    assert too_wide(console.browser) == []
