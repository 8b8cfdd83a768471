"""Every page is for everybody: with a reader of screens, by the keyboard alone, on a phone, in the
dark, in Chinese; and light enough for a train. Each is kept as a screenshot in build/screenshots.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import pytest
from selenium.webdriver import Chrome

from infra.background_cloud import ROOT, BackgroundCloud
from tests.accessibility import (
    PHONE_WIDTH,
    Reach,
    complaints,
    keep_screenshot,
    look,
    looked_at,
    reach,
    too_wide,
    transferred,
    violations,
)
from tests.e2e.console_browser import SCREENSHOTS, Console

pytestmark = pytest.mark.browser
PHONE = "+8614500000001"
MOST_BYTES = 100_000
PAGES = ("deliverability", "lookup", "found", "money", "limits", "letters", "absent", "inbox")


PLANTED = """<!doctype html><html lang="en"><title>Planted</title><main><h1>Planted</h1>
<p style="color: #aaa; background: #fff">pale</p>
<a href="#a" style="outline: none">ringless</a><span tabindex="0">fine</span>
<a href="#b" onfocus="this.blur()">fleeing</a><p style="width: 400px">wide</p>
</main><script>console.error("planted")</script>"""
"""A page with a fault of each kind."""


@pytest.fixture(scope="module")
def month(_running: BackgroundCloud) -> None:
    """Thirty days of figures; they weigh what a month of any number of messages does."""
    ready = _running.ready
    told = {
        "SESAME_TABLESTORE_ENDPOINT": ready["tablestore"]["endpoint"],
        "SESAME_TABLESTORE_INSTANCE": ready["tablestore"]["instance"],
        "ALIBABA_CLOUD_ACCESS_KEY_ID": ready["access_key_id"],
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ready["access_key_secret"],
    }
    command = (sys.executable, "-m", "infra.seed", "month", "--messages", "60000")
    subprocess.run(
        command, cwd=ROOT, env={**os.environ, **told}, stdout=subprocess.DEVNULL, check=True
    )


@pytest.fixture(scope="module")
def console(chromium: Chrome, _running: BackgroundCloud, month: None) -> Iterator[Console]:
    """Logged in with all scopes, with a month to look at and a phone that was sent a code."""
    _running.post("/v1/otp", {"phone": PHONE, "purpose": "login"})
    with looked_at(chromium) as browser:
        console = Console(browser, _running)
        console.log_in(_running.ready["console_key"])
        yield console


def show(console: Console, page: str) -> None:
    if page == "found":
        console.look_up(PHONE, who="Lin", why="called in")
    elif page == "inbox":
        console.open("..")
    else:
        console.open(page)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_keeps_nobody_out(console: Console, page: str) -> None:
    browser = console.browser
    keep_nobody_out(console, page)

    if page != "inbox":  # which speaks English alone, to developers
        look(browser, width=PHONE_WIDTH, height=740)
        console.open("lookup?lang=zh")
        show(console, page)
        assert console.script("return document.documentElement.lang") == "zh-Hans"
        assert too_wide(browser) == []
        keep_screenshot(browser, SCREENSHOTS / f"console-{page}-phone-zh.png")
        console.open("lookup?lang=en")


def test_the_page_to_log_in_keeps_nobody_out(console: Console) -> None:
    keep_nobody_out(console, "login")


def keep_nobody_out(console: Console, page: str) -> None:
    browser, picture = console.browser, SCREENSHOTS / f"console-{page}"
    complaints(browser)
    look(browser, width=1280)
    show(console, page)
    keep_screenshot(browser, picture.with_name(f"{picture.name}.png"))
    assert violations(browser) == []
    assert too_wide(browser) == []
    reached = reach(browser)
    assert (reached.missed, reached.unseen) == ([], [])

    look(browser, width=PHONE_WIDTH, height=740, is_dark=True)
    keep_screenshot(browser, picture.with_name(f"{picture.name}-phone-dark.png"))
    assert violations(browser) == []
    assert too_wide(browser) == []
    said = [each for each in complaints(browser) if "console/absent" not in each]
    assert said == []


def test_what_keeps_people_out_is_found(chromium: Chrome) -> None:
    with looked_at(chromium) as browser:
        look(browser, width=PHONE_WIDTH)
        browser.get(f"data:text/html,{quote(PLANTED)}")

        assert "planted" in complaints(browser)[0]
        assert [each.partition(":")[0] for each in violations(browser)] == ["color-contrast"]
        assert "p wide" in too_wide(browser)
        assert reach(browser) == Reach(missed=["a fleeing"], unseen=["a ringless"])


def test_the_first_paint_of_a_month_is_light_and_asks_nobody_else(console: Console) -> None:
    console.browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    console.open("deliverability?range=30d")

    sizes = transferred(console.browser)

    assert len(sizes) >= 4, sizes
    assert all(sizes.values()), sizes
    assert sum(sizes.values()) < MOST_BYTES, sizes
    hosts = {urlsplit(address).netloc for address in sizes}
    assert hosts == {urlsplit(console.cloud.ready["gateway"]).netloc}
    assert console.tiles["Requested"] not in ("", "0")
