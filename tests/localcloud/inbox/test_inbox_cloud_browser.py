"""The cloud beside the phones in a real browser: switches, requests, faults, the clock, and pages
that outlive the cloud.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.localcloud.inbox.seen import faint_texts, hidden_px, nameless_controls, shown
from tests.localcloud.inbox.site import PHONE, InboxSite

pytestmark = pytest.mark.browser
HOSTILE = '<img src=x onerror="window.isOwned = true">'
TABS = ("requests", "faults", "clock")


@pytest.fixture
def look(browser: Chrome) -> Iterator[Callable[..., None]]:
    """Look at the page at a width, in a colour scheme."""

    def set_to(width_px: int, scheme: str = "light") -> None:
        size = {"width": width_px, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    yield set_to
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def open_tab(browser: Chrome, tab: str) -> None:
    if not browser.find_element(By.ID, "cloud").is_displayed():
        browser.find_element(By.ID, "cloud-button").click()
    shown(browser, f"#{tab}-tab").click()
    shown(browser, f"#{tab}-panel")


def test_switch_of_a_phone_is_set_by_the_keyboard(browser: Chrome, site: InboxSite) -> None:
    site.deliver(PHONE, "one")
    shown(browser, ".phone .switch select").send_keys("Mem")

    shown(browser, ".phone .hint", "MOBLLE_TERMINAL_ERROR")
    assert site.sms.phones.all() == {PHONE: "full"}
    shown(browser, ".phone .switch select").send_keys(Keys.HOME)
    WebDriverWait(browser, 10).until(lambda _: not site.sms.phones.all())


def test_switch_of_a_silent_phone_and_a_loss_are_shown(browser: Chrome, site: InboxSite) -> None:
    shown(browser, "#live", "Live")
    site.lose("+8613900139000", HOSTILE)

    shown(browser, ".lost .bubble", f"Never came: {HOSTILE}")
    assert browser.find_elements(By.CSS_SELECTOR, ".phones img") == []
    announced = browser.find_element(By.ID, "announcer").get_attribute("textContent")
    assert "never came to +8613900139000" in str(announced)


def test_message_leads_to_its_request_and_back(browser: Chrome, site: InboxSite) -> None:
    line = '{"level": "INFO", "event": "otp_requested", "phone": "+86******8000", "x": "%s"}'
    site.invoke("1-2-3", line % HOSTILE.replace('"', '\\"'), HOSTILE)
    site.invoke("1-2-4", function="fold_figures")
    site.deliver(PHONE, "one", request_id="1-2-3")
    open_tab(browser, "requests")
    Select(shown(browser, ".filter select")).select_by_value("fold_figures")
    assert shown(browser, ".request .name").text == "fold_figures"
    link = shown(browser, ".message .link", "Its request")
    link.send_keys(Keys.ENTER)

    log = shown(browser, ".log", "otp_requested")
    assert f"x={HOSTILE}" in log.text
    assert browser.find_elements(By.CSS_SELECTOR, "#cloud img") == []
    assert not browser.execute_script("return window.isOwned")
    assert shown(browser, ".request[open] summary").text.split("\n")[:3] == [
        *("request_otp", "202", "cold start")
    ]
    shown(browser, ".request-body a").send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("class") == "message"

    shown(browser, "#requests-tab").send_keys(Keys.ESCAPE)
    assert not browser.find_element(By.ID, "cloud").is_displayed()
    assert browser.switch_to.active_element == link


def test_request_that_is_forgotten_is_said_so(browser: Chrome, site: InboxSite) -> None:
    site.deliver(PHONE, "one", request_id="1-2-3")
    shown(browser, ".message .link").click()

    shown(browser, ".forgotten", "forgot it")
    browser.get_log("browser")  # the 404 that it was


def test_fault_is_armed_and_cleared(browser: Chrome, site: InboxSite) -> None:
    open_tab(browser, "faults")
    WebDriverWait(browser, 10).until(
        lambda _: len(Select(shown(browser, "[name=operation]")).options) > 5
    )
    shown(browser, "#faults-panel [name=code]").send_keys(Keys.ENTER)
    shown(browser, "#faults-panel .note", "Which code?")
    Select(shown(browser, "[name=service]")).select_by_value("sts")
    Select(shown(browser, "[name=operation]")).select_by_value("AssumeRole")
    Select(shown(browser, "[name=kind]")).select_by_value("delay")
    shown(browser, "#faults-panel .primary").click()

    assert shown(browser, ".armed li").text.split() == [
        *("sts", "AssumeRole", "delay:2000", "1", "left")
    ]
    assert shown(browser, "#cloud-button").text.split() == ["Cloud", "1", "fault"]
    shown(browser, "#faults-panel .clear").click()
    shown(browser, "#faults-panel .nothing", "All goes as it should")
    assert site.cloud.faults.waiting() == []


def test_clock_is_walked_to_by_the_arrows_moved_and_set_back(
    browser: Chrome, site: InboxSite
) -> None:
    open_tab(browser, "requests")
    walked = []
    for key in (Keys.ARROW_LEFT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT):
        browser.switch_to.active_element.send_keys(key)
        walked.append(browser.switch_to.active_element.get_attribute("id"))
    assert walked == ["clock-tab", "requests-tab", "faults-tab", "clock-tab"]

    shown(browser, "[data-advance-s='86400']").click()
    shown(browser, ".offset", "+1 d from")
    amount = shown(browser, "[name=amount]")
    amount.clear()
    amount.send_keys("-90", Keys.ENTER)
    shown(browser, ".offset", "+22 h 30 min from")
    assert site.cloud.clock.offset_s == 86400 - 90 * 60

    shown(browser, "#clock-panel .back").click()
    shown(browser, ".offset", "As this machine's.")
    assert site.cloud.clock.offset_s == 0


def test_reply_of_ten_thousand_characters_is_refused_in_words(
    browser: Chrome, site: InboxSite
) -> None:
    site.deliver(PHONE, "one")
    field = shown(browser, ".reply input")
    browser.execute_script("arguments[0].value = 'x'.repeat(10000)", field)
    field.send_keys(Keys.ENTER)

    shown(browser, ".reply .note", "this one has 10,000. Nothing was sent.")
    assert field.get_property("value") == "x" * 10_000
    assert site.inbox.replies() == []
    assert hidden_px(browser) == 0


def test_two_pages_come_back_by_themselves(browser: Chrome, site: InboxSite) -> None:
    pages = [browser.current_window_handle]
    browser.switch_to.new_window("tab")
    browser.get(site.address)
    pages.append(browser.current_window_handle)
    shown(browser, "#live", "Live")

    port = site.go_down()
    shown(browser, "#live", "Reconnecting")
    site.deliver(PHONE, "meanwhile")
    site.come_back(port)

    for page in reversed(pages):
        browser.switch_to.window(page)
        shown(browser, ".bubble", "meanwhile")
        shown(browser, "#live", "Live")
    browser.switch_to.window(pages[1])
    browser.close()
    browser.switch_to.window(pages[0])
    browser.get_log("browser")  # the connections that were refused


def test_page_is_legible_and_named_at_a_phone_s_width(
    browser: Chrome, site: InboxSite, look: Callable[..., None]
) -> None:
    look(360)
    site.invoke("1-2-3", '{"level": "ERROR", "event": "store_failed"}', "x" * 400)
    site.deliver(PHONE, "x" * 300 + " 730114", code="730114", request_id="1-2-3")
    site.lose(PHONE, "MOBILE_NOT_ON_SERVICE")
    site.sms.phones.set(PHONE, "off")
    site.cloud.clock.advance(3600)
    shown(browser, ".phone .hint", "MOBILE_NOT_ON_SERVICE")
    shown(browser, "#cloud-button", "+1 h")

    def flaws() -> list[object]:
        found: list[object] = [f"{hidden_px(browser)} px", *nameless_controls(browser)]
        for scheme in ("light", "dark"):
            look(360, scheme)
            found += faint_texts(browser)
        return found

    assert flaws() == ["0 px"]
    for tab in TABS:
        open_tab(browser, tab)
        if tab == "requests":
            shown(browser, ".request summary").click()
            shown(browser, ".log", "store_failed")
        assert flaws() == ["0 px"], tab
