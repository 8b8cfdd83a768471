"""The console in a browser, for the tests that use it as people do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from infra.background_cloud import BackgroundCloud
from tests.waiting import wait_until

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
_TILES = """
return Object.fromEntries([...document.querySelectorAll(".tile")].map((tile) =>
  [tile.querySelector("dt").textContent, tile.querySelector("dd").firstChild.textContent.trim()]));
"""


@dataclass(frozen=True, slots=True)
class Console:
    """A browser that shows a cloud's console."""

    browser: Chrome
    cloud: BackgroundCloud

    @property
    def path(self) -> str:
        """Where it is, with the query."""
        here = urlsplit(self.browser.current_url)
        return f"{here.path}?{here.query}" if here.query else here.path

    @property
    def text(self) -> str:
        """What a person reads on the page."""
        return self.texts("main")

    @property
    def source(self) -> str:
        """All that the page holds, seen or not."""
        return self.browser.page_source

    @property
    def tiles(self) -> dict[str, str]:
        """The figures in the tiles, by name."""
        found: dict[str, str] = self.script(_TILES)
        return found

    def script(self, text: str) -> Any:  # JSON, whatever the script returns
        """What a script on the page returns."""
        return self.browser.execute_script(text)

    def texts(self, selector: str) -> str:
        """What a person reads in what the selector finds."""
        return str(
            self.script(f"""return [...document.querySelectorAll("{selector}")]
            .map((each) => each.innerText).join("\\n")""")
        )

    def open(self, path: str) -> None:
        """Go to a page: `deliverability?range=today`."""
        self.browser.get(f"{self.cloud.ready['gateway']}/console/{path}")

    def log_in(self, key: str) -> None:
        """With a key, as typed; anybody who was in is out before."""
        self.browser.delete_all_cookies()
        self.open("login")
        wait_until(lambda: self.script("return document.activeElement.name") == "key")
        with self.left():
            self.browser.switch_to.active_element.send_keys(key, Keys.ENTER)

    @contextmanager
    def held_by(self, key: str) -> Iterator[None]:
        """Somebody else with a key logs in; then the operator again."""
        self.log_in(key)
        try:
            yield
        finally:
            self.log_in(self.cloud.ready["console_key"])

    def look_up(self, what: str, *, who: str, why: str) -> None:
        """Ask why there is no code, by the keyboard."""
        self.open("lookup")
        first = self.browser.find_element(By.NAME, "what")
        with self.left():
            first.send_keys(what, Keys.TAB, who, Keys.TAB, why, Keys.ENTER)

    def press(self, selector: str, *, by: str = By.CSS_SELECTOR) -> None:
        """Press a button that leads to another page, and be there."""
        with self.left():
            self.browser.find_element(by, selector).click()

    @contextmanager
    def left(self) -> Iterator[None]:
        """What is done leads to another page: be there afterwards."""
        self.script("window.isLeft = true")
        yield
        is_there = "return !window.isLeft && document.readyState === 'complete'"
        wait_until(lambda: self.script(is_there))
