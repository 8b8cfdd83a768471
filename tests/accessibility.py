"""What keeps people out of a page, looked for in a browser: by axe-core, by the keyboard alone, at
a phone's width, in the dark, and in what the browser itself complained of.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome

from infra.node_packages import NodePackages

ROOT = Path(__file__).resolve().parents[1]
AXE = NodePackages("axe-core", ROOT / "tests" / "node" / "axe", ROOT / "build" / "node" / "axe")
GRAVE = ("serious", "critical")
PHONE_WIDTH = 360

_RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {
  resultTypes: ["violations"],
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}).then((found) => done({ violations: found.violations }), (error) => done({ error: `${error}` }));
"""
_NAME = """
window.nameOf = (node) => {
  const text = (node.getAttribute("aria-label") || node.name || node.textContent || "").trim();
  return `${node.localName} ${text.slice(0, 40)}`;
};
"""
_WATCH_FOCUS = f"""{_NAME}
window.reached = [];
document.addEventListener("focusin", ({{ target }}) => {{
  const style = getComputedStyle(target), box = target.getBoundingClientRect();
  const isRinged = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  const isBeside = box.right <= 0 || box.left >= innerWidth;
  const isInSight = box.bottom > 0 && box.top < innerHeight && !isBeside;
  window.reached.push([target, nameOf(target), isRinged && isInSight]);
}});
"""
_WANTED = """
const selector = "a[href], button, input, select, textarea, summary, [tabindex='0']";
return [...document.querySelectorAll(selector)].filter((node) =>
  node.tabIndex >= 0 && !node.matches(":disabled") &&
  node.checkVisibility({ visibilityProperty: true }));
"""
# A date is three fields and a button to the keyboard.
_TURNS = f"""
const wanted = (() => {{ {_WANTED} }})();
return wanted.length + 3 * wanted.filter((node) => node.type === "date").length + 2;
"""
_REACHED = f"""
const wanted = (() => {{ {_WANTED} }})();
document.activeElement.blur();
const missed = wanted.filter((node) => !window.reached.some(([each]) => each === node));
const unseen = window.reached.filter(([node, , isSeen]) => node !== document.body && !isSeen);
return {{ missed: missed.map(nameOf), unseen: [...new Set(unseen.map(([, name]) => name))] }};
"""
_WIDE = f"""{_NAME}
const root = document.documentElement, most = root.clientWidth;
if (root.scrollWidth <= most) return [];
return [root.scrollWidth, ...[...document.body.querySelectorAll("*")]
  .filter((node) => node.getBoundingClientRect().right > most + 1).slice(0, 8).map(nameOf)];
"""
_WEIGHT = """
return ["navigation", "resource"].flatMap((each) => performance.getEntriesByType(each)).map(
  (each) => [each.name, each.transferSize]);
"""


@dataclass(frozen=True, slots=True)
class Reach:
    """By the Tab key. missed: what it never came to. unseen: where its ring was not to be seen."""

    missed: list[str]
    unseen: list[str]


@cache
def _axe() -> str:
    """The script. Without npm the test is left out, loudly, or fails where CI is set."""
    reason = AXE.missing()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(f"NO ACCESSIBILITY TESTS: {reason}")
    return (AXE.folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(browser: Chrome) -> list[str]:
    """The grave ones that axe-core finds on the page as it stands."""
    browser.execute_script(f"if (!window.axe) {{ {_axe()} }}")
    found: dict[str, Any] = browser.execute_async_script(_RUN_AXE)
    assert "error" not in found, found
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]


def complaints(browser: Chrome) -> list[str]:
    """What the browser said since it was last asked: scripts that failed, what a policy forbade."""
    return [each["message"] for each in browser.get_log("browser") if each["level"] != "INFO"]


def too_wide(browser: Chrome) -> list[str]:
    """If the page is wider than the window: how wide, and what sticks out of it."""
    return list(_run(browser, _WIDE))


def reach(browser: Chrome) -> Reach:
    """Press Tab from the page's start until all must have had its turn."""
    _run(browser, _WATCH_FOCUS)
    for _ in range(_run(browser, _TURNS)):
        for kind in ("rawKeyDown", "keyUp"):
            browser.execute_cdp_cmd(
                "Input.dispatchKeyEvent",
                {"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9},
            )
    return Reach(**_run(browser, _REACHED))


def transferred(browser: Chrome) -> dict[str, int]:
    """Bytes over the wire of the page and of all that it loaded, by address; headers too."""
    sizes: dict[str, int] = {}
    for address, size in _run(browser, _WEIGHT):
        sizes[address] = sizes.get(address, 0) + int(size)
    return sizes


def look(browser: Chrome, *, width: int, height: int = 900, is_dark: bool = False) -> None:
    """Go on as a window of that size, in the light or in the dark."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )
    scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


@contextmanager
def looked_at(browser: Chrome) -> Iterator[Chrome]:
    """For `look`: the browser, which is afterwards as it was."""
    complaints(browser)
    yield browser
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def keep_screenshot(browser: Chrome, file: Path) -> None:
    """All of the page, however long, as a PNG."""
    shot = browser.execute_cdp_cmd(
        "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True}
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(base64.b64decode(shot["data"]))


def _run(browser: Chrome, script: str) -> Any:  # JSON, whatever the script returns
    return browser.execute_script(script)
