"""What a newcomer does first: open the page, ask for a code, read it, type it in; and then: look at
the request that sent it, and at a phone that is off.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from infra.background_cloud import BackgroundCloud

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"


def text_of(browser: Chrome, selector: str) -> str:
    return browser.find_element(By.CSS_SELECTOR, selector).text


def wait_for(browser: Chrome, selector: str, text: str) -> None:
    WebDriverWait(browser, 30).until(lambda _: text in text_of(browser, selector))


@pytest.mark.browser
def test_the_whole_journey_by_hand(
    chromium: Chrome, cloud: BackgroundCloud, new_phone: Callable[[], str]
) -> None:
    phone = new_phone()
    chromium.get(cloud.ready["gateway"])
    field = chromium.find_element(By.NAME, "phone")
    field.clear()
    field.send_keys(phone, Keys.ENTER)
    wait_for(chromium, "#request .note", "Sent.")
    wait_for(chromium, "#phones", cloud.code_on(phone))

    code = chromium.find_element(By.NAME, "code")
    code.send_keys("000000", Keys.ENTER)
    wait_for(chromium, "#verify .note", "not valid")
    code.clear()
    code.send_keys(cloud.code_on(phone), Keys.ENTER)
    wait_for(chromium, "#verify .note", "Verified")

    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    chromium.save_screenshot(str(SCREENSHOTS / "phone-inbox.png"))

    chromium.find_element(By.CSS_SELECTOR, f"[data-phone='{phone}'] .message .link").click()
    wait_for(chromium, ".request[open] .log", "otp_requested")
    assert text_of(chromium, ".request[open] .name") == "request_otp"
    chromium.save_screenshot(str(SCREENSHOTS / "phone-inbox-cloud.png"))


@pytest.mark.browser
def test_a_throttled_request_is_explained_on_the_page(
    chromium: Chrome, cloud: BackgroundCloud, new_phone: Callable[[], str]
) -> None:
    phone = new_phone()
    cloud.post("/v1/otp", {"phone": phone, "purpose": "login"})
    chromium.get(cloud.ready["gateway"])
    field = chromium.find_element(By.NAME, "phone")
    field.clear()
    field.send_keys(phone, Keys.ENTER)

    wait_for(chromium, "#request .note", "wait")


@pytest.mark.browser
def test_a_phone_that_is_off_gets_nothing_and_its_receipt_says_why(
    chromium: Chrome, cloud: BackgroundCloud, new_phone: Callable[[], str]
) -> None:
    phone = new_phone()
    cloud.control("POST", "/phones", {"phone": phone, "state": "off"})
    chromium.get(cloud.ready["gateway"])
    field = chromium.find_element(By.NAME, "phone")
    field.clear()
    field.send_keys(phone, Keys.ENTER)

    device = f"[data-phone='{phone}']"
    WebDriverWait(chromium, 30).until(
        lambda _: chromium.find_elements(By.CSS_SELECTOR, f"{device} .lost")
    )
    assert "MOBILE_NOT_ON_SERVICE" in text_of(chromium, f"{device} .lost")
    assert cloud.messages(phone) == []
    WebDriverWait(chromium, 30).until(
        lambda _: any(
            "MOBILE_NOT_ON_SERVICE" in line
            for each in cloud.control("GET", "/invocations")
            if each["function"] == "receive_receipt"
            for line in each["log"]
        )
    )
    cloud.control("DELETE", "/phones")
