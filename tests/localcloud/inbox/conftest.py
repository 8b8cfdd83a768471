"""A running inbox page, an HTTP client for it, and a browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.localcloud.inbox.site import InboxSite

CHROMIUM = Path("/usr/bin/chromium")
CHROMEDRIVER = Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1280,900",
)


@pytest.fixture
def site() -> Iterator[InboxSite]:
    running = InboxSite()
    yield running
    running.close()


@pytest.fixture
def http(site: InboxSite) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.address, trust_env=False, timeout=5) as client:
        yield client


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One browser for all tests; each opens its own site, which is another origin."""
    missing = [str(file) for file in (CHROMIUM, CHROMEDRIVER) if not file.exists()]
    if missing:
        reason = f"NO BROWSER TESTS: {', '.join(missing)} not found (apt install chromium-driver)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=Service(str(CHROMEDRIVER)))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium: Chrome, site: InboxSite) -> Iterator[Chrome]:
    """The browser with the page open; the page must not have logged an error by the end."""
    chromium.get(site.address)
    yield chromium
    logged = [entry["message"] for entry in chromium.get_log("browser")]
    chromium.get("about:blank")
    assert [line for line in logged if "422" not in line] == []
