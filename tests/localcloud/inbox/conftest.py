"""A running inbox page, an HTTP client for it, and a browser."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from selenium.webdriver import Chrome

from tests.localcloud.inbox.site import InboxSite


@pytest.fixture
def site() -> Iterator[InboxSite]:
    running = InboxSite()
    yield running
    running.close()


@pytest.fixture
def http(site: InboxSite) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.address, trust_env=False, timeout=5) as client:
        yield client


@pytest.fixture
def browser(chromium: Chrome, site: InboxSite) -> Iterator[Chrome]:
    """The browser with the page open; the page must not have logged an error by the end."""
    chromium.get_log("browser")  # what other tests left
    chromium.get(site.address)
    yield chromium
    logged = [entry["message"] for entry in chromium.get_log("browser")]
    chromium.get("about:blank")
    assert [line for line in logged if "422" not in line] == []
