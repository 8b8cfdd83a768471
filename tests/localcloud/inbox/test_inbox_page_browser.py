"""The inbox page in a real browser: what a newcomer sees and does."""

from __future__ import annotations

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.localcloud.inbox.site import API_KEY, CODE, PHONE, InboxSite

pytestmark = pytest.mark.browser
OTHER_PHONE = "+14155550123"


def find(browser: Chrome, selector: str) -> WebElement:
    """The first element that is there and shown."""
    return WebDriverWait(browser, 10).until(
        lambda _: next(
            (
                element
                for element in browser.find_elements(By.CSS_SELECTOR, selector)
                if element.is_displayed()
            ),
            False,
        )
    )


def wait_for_text(browser: Chrome, selector: str, text: str) -> None:
    WebDriverWait(browser, 10).until(
        lambda _: any(
            text in element.text for element in browser.find_elements(By.CSS_SELECTOR, selector)
        )
    )


def phones(browser: Chrome) -> list[str | None]:
    return [
        phone.get_attribute("data-phone")
        for phone in browser.find_elements(By.CSS_SELECTOR, ".phone")
    ]


def test_empty_inbox_says_what_to_do(browser: Chrome, site: InboxSite) -> None:
    command = find(browser, "#empty pre")
    wait_for_text(browser, "#empty pre", "curl")
    assert f"Authorization: Bearer {API_KEY}" in command.text
    assert f"{site.address}/v1/otp" in command.text
    wait_for_text(browser, "#live", "Live")


def test_message_appears_without_a_reload(browser: Chrome, site: InboxSite) -> None:
    wait_for_text(browser, "#live", "Live")
    browser.execute_script("window.isSamePage = true")
    site.deliver(PHONE, f"【芝麻】验证码 {CODE}，5分钟内有效。", code=CODE)
    wait_for_text(browser, ".bubble", CODE)
    assert browser.execute_script("return window.isSamePage")
    assert not browser.find_element(By.ID, "empty").is_displayed()
    assert find(browser, ".phone h3").text == "+86 138 0013 8000"
    assert find(browser, ".sign").text == "芝麻"
    assert find(browser, ".bubble").get_attribute("lang") == "zh-CN"
    assert CODE in str(browser.find_element(By.ID, "announcer").get_attribute("textContent"))


def test_code_is_marked_and_copied(browser: Chrome, site: InboxSite) -> None:
    browser.execute_cdp_cmd(
        "Browser.grantPermissions",
        {
            "origin": site.address,
            "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"],
        },
    )
    site.deliver(PHONE, f"【芝麻】订单 99887766 的验证码 {CODE}。", code=CODE, order="99887766")
    assert find(browser, ".bubble mark").text == CODE
    find(browser, ".message button").click()
    wait_for_text(browser, ".message button", "Copied")
    copied = browser.execute_async_script(
        "navigator.clipboard.readText().then(arguments[arguments.length - 1])"
    )
    assert copied == CODE


def test_hostile_parameter_is_shown_as_text(browser: Chrome, site: InboxSite) -> None:
    hostile = '<img src=x onerror="window.isOwned = true">'
    site.deliver(
        PHONE, f"【{hostile}】code {hostile}", sign=hostile, code=hostile, **{hostile: hostile}
    )
    wait_for_text(browser, ".bubble", hostile)
    assert find(browser, ".sign").text == hostile
    assert browser.find_elements(By.CSS_SELECTOR, ".phones img, .phones script") == []
    assert not browser.execute_script("return window.isOwned")


def test_busiest_phone_moves_to_the_front(browser: Chrome, site: InboxSite) -> None:
    site.deliver(PHONE, "one")
    site.cloud.clock.advance(1)
    site.deliver(OTHER_PHONE, "two")
    wait_for_text(browser, ".bubble", "two")
    assert phones(browser) == [OTHER_PHONE, PHONE]
    site.cloud.clock.advance(1)
    site.deliver(PHONE, "three")
    wait_for_text(browser, ".bubble", "three")
    assert phones(browser) == [PHONE, OTHER_PHONE]
    shown = browser.find_elements(By.CSS_SELECTOR, f"[data-phone='{PHONE}'] .bubble")
    assert [bubble.text for bubble in shown] == ["three", "one"]


def test_arriving_message_leaves_a_half_typed_reply_alone(browser: Chrome, site: InboxSite) -> None:
    site.deliver(PHONE, "one")
    site.cloud.clock.advance(1)
    site.deliver(OTHER_PHONE, "two")
    wait_for_text(browser, ".bubble", "two")
    find(browser, f"[data-phone='{PHONE}'] input").send_keys("ye")
    site.cloud.clock.advance(1)
    site.deliver(PHONE, "three")
    wait_for_text(browser, ".bubble", "three")
    browser.switch_to.active_element.send_keys("s", Keys.ENTER)
    wait_for_text(browser, ".sent .bubble", "yes")
    assert [reply.content for reply in site.inbox.replies(PHONE)] == ["yes"]


def test_reset_empties_the_page(browser: Chrome, site: InboxSite) -> None:
    site.deliver(PHONE, "one")
    wait_for_text(browser, ".bubble", "one")
    site.empty()
    wait_for_text(browser, "#empty", "No messages yet")
    assert phones(browser) == []


def test_journey_can_be_played_with_the_forms_and_the_keyboard(
    browser: Chrome, site: InboxSite
) -> None:
    WebDriverWait(browser, 10).until(
        lambda _: len(Select(browser.find_element(By.NAME, "purpose")).options) == 2
    )
    Select(find(browser, "[name=purpose]")).select_by_value("reset")
    find(browser, "[name=phone]").send_keys(Keys.ENTER)
    wait_for_text(browser, "#request .note", "Sent. The code is good for 5 min.")

    browser.switch_to.active_element.send_keys("000000", Keys.ENTER)
    wait_for_text(browser, "#verify .note", "The code is not valid")
    code = find(browser, "[name=code]")
    code.clear()
    code.send_keys(f" {CODE} ", Keys.ENTER)
    wait_for_text(browser, "#verify .note", "Verified")

    key = f"Bearer {API_KEY}"
    assert site.requests == [
        ("/v1/otp", key, {"phone": PHONE, "purpose": "reset"}),
        ("/v1/otp/verify", key, {"challenge_id": "ch_1", "code": "000000"}),
        ("/v1/otp/verify", key, {"challenge_id": "ch_1", "code": CODE}),
    ]


@pytest.mark.parametrize("width_px", [360, 768, 1280])
def test_page_never_scrolls_sideways(browser: Chrome, site: InboxSite, width_px: int) -> None:
    size = {"width": width_px, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    site.deliver(PHONE, "x" * 300 + f" {CODE}", sign="A very long sign name" * 3, code=CODE)
    wait_for_text(browser, ".bubble", CODE)
    hidden_px = browser.execute_script(
        "const page = document.documentElement; return page.scrollWidth - page.clientWidth"
    )
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert hidden_px == 0
