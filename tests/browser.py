"""Debian's Chromium without a screen, for tests that look at pages as a person does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

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
    "--hide-scrollbars",
    "--window-size=1280,1010",
)


def start_chromium(profile: Path) -> Chrome:
    """A browser with an empty profile. Without one on the machine the test is left out, loudly,
    or fails where CI is set.
    """
    missing = [str(file) for file in (CHROMIUM, CHROMEDRIVER) if not file.exists()]
    if missing:
        reason = f"NO BROWSER TESTS: {', '.join(missing)} not found (apt install chromium-driver)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return Chrome(options=options, service=Service(str(CHROMEDRIVER)))
