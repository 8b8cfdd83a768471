"""The sign and the templates that the functions send by, as data.

Codes are given out by the provider when a template is created, so those of the local cloud stand
here and those of an account come from its environment (SESAME_OTP_TEMPLATES,
SESAME_NOTIFICATION_TEMPLATES). What the notifications say stands in shared/templates/catalogue.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from shared.template import Template as Notification
from shared.templates.catalogue import load_catalogue

SIGN_NAME = "芝麻开门"


NAME_LIMIT = 30
"""CreateSmsTemplate takes no longer name."""

Kind = Literal["code", "notice", "promotion", "international"]


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

    @property
    def destination(self) -> Literal["domestic", "international"]:
        """The key of its code in a setting."""
        return "international" if self.kind == "international" else "domestic"


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


def templates(stage: str) -> list[Template]:
    """Every template of one stage, domestic and international. Raises StageUnusable."""
    listed = [*_otp_templates(stage), *notifications(stage)]
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


def _otp_templates(stage: str) -> list[Template]:
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
                content,
            )
            for number, (purpose, content) in enumerate(_INTERNATIONAL.items(), start=1)
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
