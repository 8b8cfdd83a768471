"""What the browser tests of the inbox page look at."""

from __future__ import annotations

from typing import Any

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

_FAINT_TEXTS = """
const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = (channel) => {
  const c = channel / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
};
const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = parse(getComputedStyle(at).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
const faint = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own || !element.checkVisibility() || element.matches(":disabled")) continue;
  const one = luminance(parse(getComputedStyle(element).color));
  const other = luminance(behind(element));
  const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  if (ratio < 4.5) faint.push(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
}
return faint;
"""

_NAMELESS = """
return [...document.querySelectorAll("a, button, input, select, summary, iframe")]
  .filter((each) => each.checkVisibility())
  .filter((each) => !(each.matches("a, button, summary") && each.textContent.trim()))
  .filter((each) => !each.ariaLabel && !each.title)
  .filter((each) => ![...each.labels ?? []].some((label) => label.textContent.trim()))
  .map((each) => each.outerHTML);
"""


def faint_texts(browser: Chrome) -> list[str]:
    """The shown texts whose contrast is below 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    found: list[str] = browser.execute_script(_FAINT_TEXTS)
    return found


def nameless_controls(browser: Chrome) -> list[str]:
    """The shown controls for which a screen reader has no name."""
    found: list[str] = browser.execute_script(_NAMELESS)
    return found


def hidden_px(browser: Chrome) -> int:
    """How far the page can be scrolled sideways."""
    script = "const p = document.documentElement; return p.scrollWidth - p.clientWidth"
    return int(browser.execute_script(script))


def shown(browser: Chrome, selector: str, text: str = "") -> WebElement:
    """The first shown element of the selector that has the text, waited for."""

    def find(_: Any) -> WebElement | bool:
        for element in browser.find_elements(By.CSS_SELECTOR, selector):
            if element.is_displayed() and text in element.text:
                return element
        return False

    found = WebDriverWait(browser, 10, ignored_exceptions=[StaleElementReferenceException]).until(
        find
    )
    assert isinstance(found, WebElement)
    return found
