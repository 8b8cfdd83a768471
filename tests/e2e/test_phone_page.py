"""What a newcomer does first: open the page, ask for a code, read it, type it in."""

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
