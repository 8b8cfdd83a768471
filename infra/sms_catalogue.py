"""The sign and the templates that the functions send by, as data.

Codes are given out by the provider when a template is created, so those of the local cloud stand
here and those of an account come from its environment (SESAME_OTP_TEMPLATES).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

SIGN_NAME = "芝麻开门"


@dataclass(frozen=True, slots=True)
class Template:
    """A template as it is submitted for review. name: APP_ENV_PURPOSE."""

    code: str
    name: str
    kind: Literal["code", "international"]
    purpose: str
    content: str


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
    """Every template of one stage, domestic and international."""
    return [
        *(
            Template(
                f"SMS_1000000{number:02d}",
                f"SESAME_{stage.upper()}_{purpose.upper()}",
                "code",
                purpose,
                content,
            )
            for number, (purpose, content) in enumerate(_DOMESTIC.items(), start=1)
        ),
        *(
            Template(
                f"SMS_2000000{number:02d}",
                f"SESAME_{stage.upper()}_{purpose.upper()}_INTL",
                "international",
                purpose,
                content,
            )
            for number, (purpose, content) in enumerate(_INTERNATIONAL.items(), start=1)
        ),
    ]


def as_setting(listed: list[Template]) -> str:
    """The value of SESAME_OTP_TEMPLATES for `listed`."""
    by_purpose: dict[str, dict[str, str]] = {}
    for template in listed:
        group = "domestic" if template.kind == "code" else "international"
        by_purpose.setdefault(template.purpose, {})[group] = template.code
    return json.dumps(by_purpose)
