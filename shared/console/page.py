"""What a page is: from a visit to a template with its values. Pages know no HTTP and no cookies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Locale = Literal["en", "zh"]
HOME = "/console/"
"""With its slash: the platform's route `/console/*` does not take `/console`."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose key opened the session. key_name: the first 8 hex digits of the key's hash."""

    tenant: str
    scopes: frozenset[str]
    key_name: str

    def may(self, scope: str) -> bool:
        """True if the key has the scope."""
        return scope in self.scopes

    def sees(self, tenant: str) -> bool:
        """True for the key's own tenant, and for any with the scope `operate`."""
        return tenant == self.tenant or self.may("operate")


@dataclass(frozen=True, slots=True, repr=False)
class Visit:
    """One request for a page, by somebody who may see it. A HEAD is a GET here.

    query and form: what was sent, as it was sent: hostile. The token of the form is checked, and
    gone.
    """

    method: Literal["GET", "POST"]
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    visitor: Visitor
    locale: Locale
    now_ms: int


@dataclass(frozen=True, slots=True, repr=False)
class Content:
    """A page to show. template: a file in shared/console/templates, that extends base.html."""

    template: str
    values: Mapping[str, object]
    status: int = 200


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on there with a GET (303). location: a path of the console, with its query."""

    location: str


@dataclass(frozen=True, slots=True, repr=False)
class Download:
    """A file to keep. name: letters, digits, `-`, `_` and `.` alone."""

    name: str
    media_type: str
    body: str


class Page(Protocol):
    """One address of the console.

    nav: the word in the navigation, "" for none. scope: what a key needs for it.
    """

    @property
    def path(self) -> str:
        """Such as `/console/lookup`."""

    @property
    def nav(self) -> str:
        """Such as `nav.lookup`."""

    @property
    def scope(self) -> str:
        """Such as `support`."""

    def __call__(self, visit: Visit) -> Content | Redirect | Download:
        """Raises SesameError for what cannot be shown; a foreign tenant is Forbidden."""
