"""Mails from templates: which text, filled in how, and when not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from shared.email.channel import EmailChannel
from shared.email.gateway import EmailMessage
from shared.outgoing import Outgoing
from shared.phone_parser import parse_phone
from shared.send_outcome import RefusalKind, SendAccepted, SendOutcome, SendRefused
from shared.template import Content, Template

TEMPLATE = Template(
    name="ship_update",
    kind="notice",
    owner="shop",
    sign_name="Sesame",
    variables=(),
    contents={
        "zh": Content("", "包裹${id}", "您的包裹${id}由${by}送达"),
        "en": Content("", "Parcel ${id}", "Parcel ${id} by ${by}"),
        "fr": Content("un SMS seulement"),
    },
)


@dataclass
class Post:
    """Implements EmailGateway: answers from a script, then accepts."""

    script: list[SendOutcome] = field(default_factory=list)
    sent: list[EmailMessage] = field(default_factory=list)

    def send(self, message: EmailMessage) -> SendOutcome:
        self.sent.append(message)
        return self.script.pop(0) if self.script else SendAccepted("env-1")


def to(
    email: str | None = "a@example.com",
    *,
    params: Mapping[str, str] | None = None,
    phone: str | None = "+8613800138000",
    locale: str | None = None,
) -> Outgoing:
    return Outgoing(
        message_id="m-1",
        out_id="n-1",
        tenant="shop",
        template=TEMPLATE,
        params={"id": "7", "by": "DHL"} if params is None else params,
        phone=parse_phone(phone) if phone else None,
        email=email,
        locale=locale,
    )


@pytest.mark.parametrize(
    ("phone", "locale", "subject", "text"),
    [
        ("+8613800138000", None, "包裹7", "您的包裹7由DHL送达"),
        ("+14155552671", None, "Parcel 7", "Parcel 7 by DHL"),
        (None, "zh-CN", "包裹7", "您的包裹7由DHL送达"),
    ],
)
def test_a_mail_has_the_texts_of_its_recipients_language(
    phone: str | None, locale: str | None, subject: str, text: str
) -> None:
    post = Post()

    assert EmailChannel(post).send([to(phone=phone, locale=locale)]) == [SendAccepted("env-1")]
    assert (post.sent[0].subject, post.sent[0].text) == (subject, text)


def test_a_value_is_never_read_as_a_variable() -> None:
    post = Post()

    EmailChannel(post).send([to(params={"id": "${by}", "by": "DHL"})])

    assert post.sent[0].text == "您的包裹${by}由DHL送达"


def test_a_subject_is_one_short_line_whatever_a_value_holds() -> None:
    post = Post()

    EmailChannel(post).send([to(params={"id": "7\r\nBcc: x@example.com " + "y" * 200, "by": ""})])

    assert "\n" not in post.sent[0].subject
    assert "\r" not in post.sent[0].subject
    assert len(post.sent[0].subject) == 100


def test_no_address_and_no_text_are_refused_without_a_call() -> None:
    post = Post()

    outcomes = EmailChannel(post).send([to(None), to(phone=None, locale="fr")])

    assert outcomes == [
        SendRefused(RefusalKind.NUMBER, "no_address"),
        SendRefused(RefusalKind.UNAVAILABLE, "no_template"),
    ]
    assert post.sent == []


def test_an_account_that_may_not_send_is_not_asked_again() -> None:
    frozen = SendRefused(RefusalKind.ACCOUNT, "Forbidden")
    post = Post([SendAccepted("env-0"), frozen])

    assert EmailChannel(post).send([to(), to(), to()]) == [SendAccepted("env-0"), frozen, frozen]
    assert len(post.sent) == 2
