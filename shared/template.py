"""A message template as the service knows it: what may be said, to whom, how, and when.

Every text that leaves goes through one of these; there are no free-form messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from shared.phone import PhoneNumber

ChannelName = Literal["sms", "email", "webhook"]
TemplateKind = Literal["notice", "promotion"]
VariableKind = Literal["text", "number", "code", "amount", "time"]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a template: its value is text of `min_length` to `max_length` characters."""

    name: str
    kind: VariableKind = "text"
    max_length: int = 35
    min_length: int = 1


@dataclass(frozen=True, slots=True)
class Content:
    """One locale's texts, with `${variable}` in them. Empty texts: not for that channel."""

    sms: str
    email_subject: str = ""
    email_text: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A template. name: what callers name it by, such as `ship_update`.

    contents: by locale; `zh` is the one for the mainland. channels: in order of preference.
    codes: the provider's, by destination: `domestic`, `international`, `international:zh`.
    fallback_after_s: how long the first channel may stay without a receipt before the next one is
    taken; 0: only a receipt that says failed moves on. is_secret: never sent a second time by
    another way unless the first certainly failed.
    per_phone: (limit, window in s) of sends to one phone. when_limited: what becomes of one more.
    sms_countries: where it goes by SMS; empty for everywhere. sms_cost_limit_milli: the most that
    an SMS may cost, in thousandths of CNY, where another channel reaches the recipient; 0 for any.
    quiet_hours: (from, until) in minutes of the recipient's day; None for none.
    """

    name: str
    kind: TemplateKind
    owner: str
    sign_name: str
    variables: tuple[Variable, ...]
    contents: Mapping[str, Content]
    channels: tuple[ChannelName, ...] = ("sms",)
    codes: Mapping[str, str] = field(default_factory=dict)
    fallback_after_s: int = 0
    is_secret: bool = False
    per_phone: tuple[tuple[int, int], ...] = ((50, 86_400),)
    when_limited: Literal["wait", "drop"] = "wait"
    quiet_hours: tuple[int, int] | None = None
    consent: Literal["none", "opt_out", "opt_in"] = "none"
    cost_class: str = "notice"
    sms_countries: frozenset[str] = frozenset()
    sms_cost_limit_milli: int = 0

    def content(self, locale: str | None, *, is_mainland: bool) -> Content:
        """The texts for a recipient: of the locale's language, else of the destination's."""
        language = (locale or "").partition("-")[0].lower()
        own = "zh" if is_mainland else "en"
        for name in (language, own, "en", "zh"):
            if name in self.contents and (name == language or not is_mainland or name == "zh"):
                return self.contents[name]
        return next(iter(self.contents.values()))

    def goes_by_sms_to(self, phone: PhoneNumber) -> bool:
        """True unless the phone's country is one where it does not go by SMS."""
        return not self.sms_countries or phone.country in self.sms_countries

    def provider_code(self, phone: PhoneNumber, locale: str | None) -> str | None:
        """The provider's template code for a phone; None if there is none for its destination."""
        if phone.is_mainland:
            return self.codes.get("domestic")
        language = (locale or "").partition("-")[0].lower()
        return self.codes.get(f"international:{language}") or self.codes.get("international")
