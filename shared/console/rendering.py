"""Templates into HTML. Every value is escaped unless it is Markup; a missing one is an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from shared.console import formats
from shared.console.page import HOME, Locale, Visitor
from shared.console.static_files import asset
from shared.console.words import words_in

_FOLDER = Path(__file__).parent / "templates"
_LANGUAGES: tuple[tuple[Locale, str], ...] = (("en", "English"), ("zh", "中文"))
CSRF_FIELD = "csrf"


@dataclass(frozen=True, slots=True)
class NavItem:
    """A page in the navigation."""

    path: str
    word: str


@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """What stands around every page. visitor: None where nobody is in. path and query: of the view,
    as links that keep it name it. token: makes the value of a form's hidden field.
    """

    locale: Locale
    path: str = HOME
    query: Mapping[str, str] | None = None
    visitor: Visitor | None = None
    nav: Sequence[NavItem] = ()
    token: Callable[[], str] | None = None
    now_ms: int = 0


def render(template: str, values: Mapping[str, object], frame: Frame) -> str:
    """The page."""
    words = words_in(frame.locale)
    return (
        _environment()
        .get_template(template)
        .render(
            {
                **values,
                "t": words,
                "frame": frame,
                "visitor": frame.visitor,
                "path": frame.path,
                "locale": frame.locale,
                "languages": [
                    (code, name, address(frame.path, {**(frame.query or {}), "lang": code}))
                    for code, name in _LANGUAGES
                ],
                "csrf": lambda: _csrf(frame.token),
            }
        )
    )


def address(path: str, query: Mapping[str, object]) -> str:
    """A path with those of the query that say something."""
    said = {name: str(value) for name, value in query.items() if value not in ("", None)}
    return f"{path}?{urlencode(said)}" if said else path


def _csrf(token: Callable[[], str] | None) -> Markup:
    if token is None:
        return Markup("")
    field = Markup('<input type="hidden" name="{}" value="{}">')
    return field.format(CSRF_FIELD, token())


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = asset
    environment.globals["address"] = address
    for name in ("number", "percent", "yuan", "moment", "minute", "day", "clock"):
        environment.filters[name] = getattr(formats, name)
    return environment
