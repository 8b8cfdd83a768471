"""Mails over the official SDK, against the provider's wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.faults import Fault
from infra.localcloud.directmail.service import DirectmailService
from infra.localcloud.inbox.book import Inbox
from shared.aliyun.credentials import bind_credentials
from shared.email.directmail import DirectMailGateway
from shared.email.gateway import EmailMessage
from shared.send_outcome import (
    RefusalKind,
    SendAccepted,
    SendOutcome,
    SendRefused,
    SendUnknown,
)
from tests.background import Background
from tests.fakes.row_stores import credentials_of

SENDER, ADDRESS = "notices@mail.example.com", "wang@example.com"


class RunningDirectMail:
    """The mail service, its cloud and its inbox, served until `stop`."""

    def __init__(self) -> None:
        self.cloud = Cloud()
        self.inbox = Inbox(self.cloud)
        self._background = Background()
        self._server = self._background.serve(DirectmailService(self.cloud, self.inbox), self.cloud)
        self.gateway = DirectMailGateway(account_name=SENDER, endpoint=self._server.endpoint)

    def stop(self) -> None:
        self._background.run(self._server.stop())
        self._background.close()
        self.inbox.close()


@pytest.fixture
def mail(no_proxies: None) -> Iterator[RunningDirectMail]:
    running = RunningDirectMail()
    bind_credentials(credentials_of(running.cloud.identities.root))
    yield running
    bind_credentials(None)
    running.stop()


def send(mail: RunningDirectMail, address: str = ADDRESS) -> SendOutcome:
    return mail.gateway.send(EmailMessage(address, "包裹", "您的包裹已到。"))


def test_an_accepted_mail_arrives_as_written(mail: RunningDirectMail) -> None:
    outcome = send(mail)

    (arrived,) = mail.inbox.mails(ADDRESS)
    assert outcome == SendAccepted(arrived.env_id)
    assert (arrived.sender, arrived.subject, arrived.text_body) == (
        SENDER,
        "包裹",
        "您的包裹已到。",
    )


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("error:Throttling.User", SendRefused(RefusalKind.BUSY, "Throttling.User")),
        ("error:ServiceUnavailable", SendRefused(RefusalKind.BUSY, "ServiceUnavailable")),
        ("error:Forbidden", SendRefused(RefusalKind.ACCOUNT, "Forbidden")),
        (
            "error:InvalidMailAddress.NotFound",
            SendRefused(RefusalKind.ACCOUNT, "InvalidMailAddress.NotFound"),
        ),
        ("error:InvalidToAddress", SendRefused(RefusalKind.NUMBER, "InvalidToAddress")),
        ("error:InvalidBody", SendRefused(RefusalKind.UNAVAILABLE, "InvalidBody")),
        ("error:InternalError", SendUnknown("InternalError")),
        ("html_503", SendUnknown("answer_lost")),
        ("drop_after", SendUnknown("answer_lost")),
    ],
)
def test_every_failure_has_its_outcome(
    mail: RunningDirectMail, fault: str, expected: SendOutcome
) -> None:
    mail.cloud.faults.add(Fault("directmail", "SingleSendMail", fault, 1))

    assert send(mail) == expected


@pytest.mark.parametrize("address", ["a@example.com,b@example.com", "nobody"])
def test_what_is_not_one_address_is_never_sent(mail: RunningDirectMail, address: str) -> None:
    assert send(mail, address) == SendRefused(RefusalKind.NUMBER, "bad_address")


def test_a_refused_connection_is_certainly_not_sent(mail: RunningDirectMail) -> None:
    gateway = DirectMailGateway(account_name=SENDER, endpoint="http://127.0.0.1:9")

    outcome = gateway.send(EmailMessage(ADDRESS, "s", "t"))

    assert outcome == SendRefused(RefusalKind.BUSY, "not_sent")
