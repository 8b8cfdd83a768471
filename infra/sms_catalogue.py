"""The sign and the templates that the functions send by, as data.

Codes are given out by the provider when a template is created, so those of the local cloud stand
here and those of an account come from its environment (SESAME_OTP_TEMPLATES,
SESAME_NOTIFICATION_TEMPLATES). What the notifications say stands in shared/templates/catalogue.

Two options of codes abroad, for an account to choose here: AUTOFILL and LANGUAGES. The mainland has
neither: a code template takes exactly one variable, and autofill wants the code a second time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shared.template import Template as Notification
from shared.templates.catalogue import load_catalogue

SIGN_NAME = "芝麻开门"


NAME_LIMIT = 30
"""CreateSmsTemplate takes no longer name."""

Kind = Literal["code", "notice", "promotion", "international"]
Language = Literal["zh"]


_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+", re.ASCII)
_APP_HASH = re.compile(r"[A-Za-z0-9+/]{11}", re.ASCII)
_LONGEST_CODE = "0" * 10
_MOST_BYTES = 140


@dataclass(frozen=True, slots=True)
class Autofill:
    """Lines at the end of a code's message by which phones fill the code in themselves.

    domain: of the site that asks for codes; the last line, `@domain #code`, is for browsers (WICG,
    "Origin-bound one-time codes delivered via SMS", section 3). They fill it in there alone.
    app_hash: of the Android app, 11 characters; the line before, for SMS Retriever, which takes 140
    bytes (developers.google.com/identity/sms-retriever/verify; inferred: of UTF-8).
    Raises ValueError.
    """

    domain: str
    app_hash: str = ""

    def __post_init__(self) -> None:
        if not _HOST.fullmatch(self.domain):
            raise ValueError("the domain of autofill is no host name in lower case")
        if self.app_hash and not _APP_HASH.fullmatch(self.app_hash):
            raise ValueError("the app hash of autofill is not 11 characters of base64")

    def added_to(self, content: str) -> str:
        """`content` with the lines. Raises ValueError if a message of it would be too long."""
        app_line = f"{self.app_hash}\n" if self.app_hash else ""
        # The second use of one variable abroad is inferred: only mainland templates are counted.
        whole = f"{content}\n\n{app_line}@{self.domain} #${{code}}"
        if len(whole.replace("${code}", _LONGEST_CODE).encode()) > _MOST_BYTES:
            raise ValueError(f"with autofill, a message has more than {_MOST_BYTES} bytes")
        return whole


AUTOFILL: Autofill | None = None
"""Yours, as the sign: Autofill("your.site"). A domain that is not the site's is worse than none."""
LANGUAGES: tuple[Language, ...] = ()
"""Of the codes abroad, besides English: ("zh",). A request chooses by its `locale`."""


class StageUnusable(ValueError):
    """A stage so long that names of templates, cut to what the provider takes, are the same."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template as it is submitted for review. name: APP_ENV_PURPOSE, cut to 30 characters.

    code: the local cloud's. purpose: of a code, or the name of a notification.
    """

    code: str
    name: str
    kind: Kind
    purpose: str
    content: str
    is_notification: bool = False
    language: str = ""

    @property
    def destination(self) -> str:
        """The key of its code in a setting: domestic, international, international:zh."""
        group = "international" if self.kind == "international" else "domestic"
        return f"{group}:{self.language}" if self.language else group


_DOMESTIC = {
    "login": "您的登录验证码为${code}，5分钟内有效，请勿告知他人。",
    "signup": "您的注册验证码为${code}，5分钟内有效，请勿告知他人。",
    "reset": "您正在重置密码，验证码为${code}，5分钟内有效，请勿告知他人。",
    "payment": "您正在付款，验证码为${code}，5分钟内有效，请勿告知他人。",
    "pickup": "您的取件验证码为${code}，5分钟内有效，凭码取件。",
    "transfer": "您正在转账，验证码为${code}，5分钟内有效，请勿告知他人。",
}
_INTERNATIONAL = {
    "login": "Your Sesame login code is ${code}. It expires in 5 minutes. Do not share it.",
    "signup": "Your Sesame sign-up code is ${code}. It expires in 5 minutes. Do not share it.",
    "reset": "Your Sesame password reset code is ${code}. It expires in 5 minutes.",
    "payment": "Your Sesame payment code is ${code}. It expires in 5 minutes. Do not share it.",
    "pickup": "Your Sesame pickup code is ${code}. It expires in 5 minutes.",
    "transfer": "Your Sesame transfer code is ${code}. It expires in 5 minutes. Do not share it.",
}


_TRANSLATED: Mapping[Language, Mapping[str, str]] = {"zh": _DOMESTIC}


def templates(
    stage: str, *, autofill: Autofill | None = AUTOFILL, languages: tuple[Language, ...] = LANGUAGES
) -> list[Template]:
    """Every template of one stage, domestic and international. Raises StageUnusable, ValueError
    for an autofill that does not fit.
    """
    listed = [*_otp_templates(stage, autofill, languages), *notifications(stage)]
    if len({template.name for template in listed}) < len(listed):
        raise StageUnusable("the stage's name is too long: templates would share theirs")
    return listed


def catalogue() -> list[Notification]:
    """The notifications of the product, in the order that gives them their local codes."""
    return list(load_catalogue({}, sign_name=SIGN_NAME).values())


def notifications(stage: str) -> list[Template]:
    """The notifications of one stage: each once for the mainland and once for elsewhere."""
    listed = list(enumerate(catalogue(), start=1))
    return [
        *(
            Template(
                f"SMS_3000000{number:02d}",
                _name(stage, each.name),
                each.kind,
                each.name,
                each.contents["zh"].sms,
                is_notification=True,
            )
            for number, each in listed
        ),
        *(
            Template(
                f"SMS_4000000{number:02d}",
                _name(stage, each.name, suffix="_INTL"),
                "international",
                each.name,
                each.contents["en"].sms,
                is_notification=True,
            )
            for number, each in listed
        ),
    ]


def as_setting(listed: list[Template]) -> str:
    """The value of SESAME_OTP_TEMPLATES for `listed`; notifications among them are left out."""
    return _setting([template for template in listed if not template.is_notification])


def notification_setting(stage: str) -> str:
    """The value of SESAME_NOTIFICATION_TEMPLATES for the local cloud's codes."""
    return _setting(notifications(stage))


def _otp_templates(
    stage: str, autofill: Autofill | None, languages: tuple[Language, ...]
) -> list[Template]:
    return [
        *(
            Template(f"SMS_1000000{number:02d}", _name(stage, purpose), "code", purpose, content)
            for number, (purpose, content) in enumerate(_DOMESTIC.items(), start=1)
        ),
        *(
            Template(
                f"SMS_2000000{number:02d}",
                _name(stage, purpose, suffix="_INTL"),
                "international",
                purpose,
                autofill.added_to(content) if autofill else content,
            )
            for number, (purpose, content) in enumerate(_INTERNATIONAL.items(), start=1)
        ),
        *(
            Template(
                f"SMS_2{group}00000{number:02d}",
                _name(stage, purpose, suffix=f"_INTL_{language.upper()}"),
                "international",
                purpose,
                autofill.added_to(content) if autofill else content,
                language=language,
            )
            for group, language in enumerate(languages, start=1)
            for number, (purpose, content) in enumerate(_TRANSLATED[language].items(), start=1)
        ),
    ]


def _name(stage: str, purpose: str, *, suffix: str = "") -> str:
    start = f"SESAME_{stage.upper()}_"
    room = NAME_LIMIT - len(start) - len(suffix)
    return f"{start}{purpose.upper()[: max(room, 0)].rstrip('_')}{suffix}"


def _setting(listed: list[Template]) -> str:
    by_purpose: dict[str, dict[str, str]] = {}
    for template in listed:
        by_purpose.setdefault(template.purpose, {})[template.destination] = template.code
    return json.dumps(by_purpose)
