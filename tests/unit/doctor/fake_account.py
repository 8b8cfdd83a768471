"""An account in memory that is whole for the stage dev, and a case that looks at it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.doctor.__main__ import ROOT
from infra.doctor.examine import open_case
from infra.doctor.model import Case, Page, Sent, Services
from infra.foundation.model import Attributes, FoundationFailed, Hosts, Resource
from infra.foundation.settings import Settings
from infra.foundation.wanted import wanted
from infra.serverless_devs import render
from infra.sms_catalogue import SIGN_NAME, as_setting, notification_setting, templates
from infra.templates.plan import Held, HeldSign

ACCOUNT = "1234567890123456"
NOW_S = 1_790_000_000.0
KEYS = [f"{letter}{'QkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWjAxMjM0NTY3'[1:]}" for letter in "RSTUV"]
ENVIRONMENT = {
    "STAGE": "dev",
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAIexample",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "not-a-secret-of-anyone",
    "SESAME_ACCOUNT_ID": ACCOUNT,
    "SESAME_TABLESTORE_ENDPOINT": "https://sesame-dev.cn-hangzhou.ots.aliyuncs.com",
    "SESAME_TABLESTORE_INSTANCE": "sesame-dev",
    "SESAME_SMQ_ENDPOINT": f"http://{ACCOUNT}.mns.cn-hangzhou.aliyuncs.com",
    "SESAME_DOMAIN": "otp.shop.example",
    "SESAME_DOMAIN_PROTOCOL": "HTTPS",
    "SESAME_API_KEYS": "default:" + "0123456789abcdef" * 4,
    "SESAME_OTP_KEYS": f"2:{KEYS[0]},1:{KEYS[1]}",
    "SESAME_PSEUDONYM_KEY": KEYS[2],
    "SESAME_RECORD_KEY": KEYS[3],
    "SESAME_CONSOLE_KEY": KEYS[4],
    "SESAME_CALLBACK_SECRETS": "f3a91c0de7b2468593af1c0de7b24685",
    "SESAME_OTP_TOKEN_KEYS": "",
    "SESAME_SMS_SIGN_NAME": SIGN_NAME,
    "SESAME_OTP_TEMPLATES": as_setting(templates("dev")),
    "SESAME_NOTIFICATION_TEMPLATES": notification_setting("dev"),
}


@dataclass
class FakeAccount:
    """Everything that the doctor reads. A failure in the place of a value is raised."""

    caller: str | FoundationFailed = ACCOUNT
    held: dict[str, Attributes] = field(default_factory=dict)
    listed: list[Held] = field(default_factory=list)
    held_sign: HeldSign | None = None
    statistics: Sent | FoundationFailed = Sent(3, 2, 1, 0)
    letters: int | None | FoundationFailed = 0
    failures: Mapping[str, int] | FoundationFailed = field(default_factory=dict)
    page: Page | FoundationFailed = Page(200, b'{"code":0,"msg":"ok"}', NOW_S)
    deployed: dict[str, dict[str, Any]] = field(default_factory=dict)
    triggered: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    configured: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def account_id(self) -> str:
        return _told(self.caller)

    def read(self, resource: Resource) -> Attributes | None:
        return self.held.get(str(resource))

    def create(self, resource: Resource) -> None:
        raise AssertionError("the doctor changes nothing")

    def change(self, resource: Resource, held: Attributes) -> None:
        raise AssertionError("the doctor changes nothing")

    def templates(self) -> Sequence[Held]:
        return self.listed

    def sign(self, name: str) -> HeldSign | None:
        return self.held_sign if self.held_sign and self.held_sign.name == name else None

    def sent(self, first_day: str, last_day: str) -> Sent:
        self.asked.append(f"{first_day}-{last_day}")
        return _told(self.statistics)

    def count(self, queue: str) -> int | None:
        return _told(self.letters)

    def function(self, name: str) -> Mapping[str, Any] | None:
        return self.deployed.get(name)

    def triggers(self, name: str) -> Mapping[str, Mapping[str, Any]]:
        return self.triggered[name]

    def async_config(self, name: str) -> Mapping[str, Any] | None:
        return self.configured.get(name)

    def since(self, minutes: int) -> Mapping[str, int]:
        return _told(self.failures)

    def get(self, url: str) -> Page:
        return _told(self.page)

    def post(self, url: str, body: bytes) -> Page:
        self.asked.append(url)
        return _told(self.page)

    def connect(self, settings: Settings, environment: Mapping[str, str]) -> Services:
        """The account as the doctor's services, whole but for what was set before."""
        resources = wanted(settings, ACCOUNT)
        hosts: Hosts = {each.kind: self for each in resources}
        for each in resources:
            self.held.setdefault(str(each), each.attributes)
        return Services(self, hosts, self, self, self, self, self)


def whole_account(environment: Mapping[str, str] = ENVIRONMENT) -> FakeAccount:
    """An account with nothing missing."""
    account = FakeAccount()
    carriers = dict.fromkeys(("mobile", "unicom", "telecom"), "registered")
    account.held_sign = HeldSign(SIGN_NAME, "approved", "", carriers)  # type: ignore[arg-type]
    account.listed = [
        Held(each.code, each.name, each.content, "approved") for each in templates("dev")
    ]
    manifest = render(ROOT / "s.yaml", environment=environment, account_id=ACCOUNT)
    for spec in manifest.functions:
        props = manifest.resources[spec.resource]
        account.deployed[spec.name] = {
            **json.loads(json.dumps(props)),
            "environmentVariables": dict(spec.environment),
            "role": spec.role,
            "state": "Active",
        }
        account.configured[spec.name] = props["asyncInvokeConfig"]  # type: ignore[assignment]
        account.triggered[spec.name] = {
            each.name: {
                "triggerType": each.type,
                "sourceArn": each.source_arn,
                "triggerConfig": dict(each.config),
            }
            for each in spec.triggers
        }
    return account


def case_of(account: FakeAccount, /, **changed: str) -> Case:
    """The stage dev of that account, with other variables."""
    return open_case(
        "dev",
        {**ENVIRONMENT, **changed},
        s_yaml=ROOT / "s.yaml",
        connect=account.connect,
        now_s=lambda: NOW_S,
    )


def _told(value: Any) -> Any:
    if isinstance(value, FoundationFailed):
        raise value
    return value
