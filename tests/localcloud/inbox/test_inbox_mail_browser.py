"""Mails on the inbox page, in a real browser."""

from __future__ import annotations

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.localcloud.inbox.site import InboxSite

pytestmark = pytest.mark.browser
TO, OTHER = "ann@shop.example", "bob@shop.example"
HOSTILE = (
    "<style>p { color: rgb(1, 2, 3) }</style><p>Order <b>A1</b></p>"
    "<script>parent.isOwned = true; document.title = 'owned'</script>"
    "<img src=x onerror='parent.isOwned = true'><iframe src='//192.0.2.1/'></iframe>"
    "<meta http-equiv=refresh content='0;url=http://192.0.2.1/'>"
)


def texts(browser: Chrome, selector: str) -> list[str]:
    return [element.text for element in browser.find_elements(By.CSS_SELECTOR, selector)]


def wait_for(browser: Chrome, selector: str, text: str) -> None:
    WebDriverWait(browser, 10).until(
        lambda _: any(text in each for each in texts(browser, selector))
    )


def test_mail_appears_without_a_reload(browser: Chrome, site: InboxSite) -> None:
    wait_for(browser, "#live", "Live")
    assert not browser.find_element(By.ID, "mail").is_displayed()
    site.deliver_mail(TO, subject="Order shipped", text="订单 A1\n已发货")
    wait_for(browser, ".mail h3", "Order shipped")
    (meta,) = texts(browser, ".mail .meta")
    assert "Sesame <notices@sesame.example>" in meta
    assert f"to {TO}" in meta
    assert texts(browser, ".mail-text") == ["订单 A1\n已发货"]
    assert not browser.find_element(By.ID, "empty").is_displayed()
    announced = browser.find_element(By.ID, "announcer").get_attribute("textContent")
    assert announced == f"New mail to {TO}: Order shipped"


def test_newest_mail_comes_first_and_a_reset_takes_all(browser: Chrome, site: InboxSite) -> None:
    site.deliver_mail(TO, subject="one", text="1")
    site.deliver_mail(OTHER, subject="two", text="2")
    wait_for(browser, ".mail h3", "two")
    assert texts(browser, ".mail h3") == ["two", "one"]
    site.empty()
    wait_for(browser, "#empty", "No messages yet")
    assert texts(browser, ".mail") == []


def test_hostile_text_is_shown_as_text(browser: Chrome, site: InboxSite) -> None:
    site.deliver_mail(TO, subject=HOSTILE, text=HOSTILE)
    wait_for(browser, ".mail-text", "<script>")
    assert "<script>" in texts(browser, ".mail h3")[0]
    assert browser.find_elements(By.CSS_SELECTOR, ".mail script, .mail img, .mail iframe") == []
    assert not browser.execute_script("return window.isOwned")


def test_hostile_html_stays_in_a_frame_that_can_do_nothing(
    browser: Chrome, site: InboxSite
) -> None:
    site.deliver_mail(TO, subject="Rich", text="plain", html=HOSTILE)
    wait_for(browser, ".mail h3", "Rich")
    frame = browser.find_element(By.CSS_SELECTOR, ".mail iframe")
    assert frame.get_attribute("sandbox") == ""
    browser.switch_to.frame(frame)
    wait_for(browser, "p", "Order A1")
    colour = browser.find_element(By.TAG_NAME, "p").value_of_css_property("color")
    browser.switch_to.default_content()
    assert colour.replace("rgba", "rgb").startswith("rgb(1, 2, 3")
    assert not browser.execute_script("return window.isOwned")
    assert browser.title == "Phone inbox · Sesame"
    browser.get_log("browser")  # that the browser refused the mail's scripts is no error of ours


@pytest.mark.parametrize("width_px", [360, 1280])
def test_page_with_mails_never_scrolls_sideways(
    browser: Chrome, site: InboxSite, width_px: int
) -> None:
    size = {"width": width_px, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    site.deliver_mail(TO, subject="s" * 200, text="x" * 300)
    site.deliver_mail("y" * 60 + "@b.example", subject="two", html="<p>" + "z" * 900 + "</p>")
    wait_for(browser, ".mail h3", "two")
    hidden_px = browser.execute_script(
        "const page = document.documentElement; return page.scrollWidth - page.clientWidth"
    )
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert hidden_px == 0
