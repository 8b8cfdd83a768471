"""SingleSendMail through the unmodified SDK: what lands in a mailbox and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from Tea.exceptions import TeaException

from infra.localcloud.core.faults import Fault


def test_mail_lands_in_the_mailbox(directmail, send):
    answer = send(from_alias="Sesame", html_body="<b>123456</b>", tag_name="otp")

    (mail,) = directmail.inbox.mails("ali@forty.example")
    assert (mail.sender, mail.sender_alias) == ("codes@sesame.example", "Sesame")
    assert mail.subject == "芝麻 & Sesame"
    assert (mail.text_body, mail.html_body) == ("Your code is 123456.", "<b>123456</b>")
    assert (mail.tag_name, mail.env_id) == ("otp", answer.env_id)
    assert answer.request_id
    assert abs(mail.sent_at - directmail.cloud.clock.now_s()) < 30


def test_mail_to_many_lands_in_each_mailbox(directmail, send):
    env_id = send(to_address="a@forty.example,b@forty.example").env_id

    assert [mail.to for mail in directmail.inbox.mails()] == ["b@forty.example", "a@forty.example"]
    assert {mail.env_id for mail in directmail.inbox.mails()} == {env_id}
    assert [mail.to for mail in directmail.inbox.mails("a@forty.example")] == ["a@forty.example"]


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("MissingAccountName", {"account_name": None}),
        ("MissingAddressType", {"address_type": None}),
        ("MissingReplyToAddress", {"reply_to_address": None}),
        ("MissingToAddress", {"to_address": None}),
        ("MissingSubject", {"subject": ""}),
        ("InvalidMailAddress.Malformed", {"account_name": "nobody"}),
        ("InvalidToAddress", {"to_address": "nobody"}),
        ("InvalidToAddress", {"to_address": "a@forty.example,"}),
        ("InvalidToAddress", {"to_address": "a@forty.example\r\nBcc: b@forty.example"}),
        (
            "InvalidReceiverName.Malformed",
            {"to_address": ",".join(f"a{n}@forty.example" for n in range(101))},
        ),
        ("InvalidParameter", {"address_type": 2}),
        ("InvalidSubject.Malformed", {"subject": "s" * 257}),
        ("InvalidFromAlias.Malformed", {"from_alias": "a" * 16}),
        ("InvalidBody", {"text_body": None}),
    ],
)
def test_mail_out_of_the_rules_is_refused(directmail, send, code, fields):
    with pytest.raises(TeaException) as refused:
        send(**fields)

    assert (refused.value.code, refused.value.statusCode) == (code, 400)
    assert directmail.inbox.mails() == []


def test_mail_signed_with_a_wrong_secret_is_refused(directmail, send):
    stranger = replace(directmail.cloud.identities.root, access_key_secret="guessed")

    with pytest.raises(TeaException) as refused:
        send(stranger)

    assert refused.value.code == "SignatureDoesNotMatch"
    assert directmail.inbox.mails() == []


def test_mail_meets_the_faults_of_the_wire(directmail, send):
    directmail.cloud.faults.add(Fault("directmail", "SingleSendMail", "error:Throttling.User", 1))

    with pytest.raises(TeaException) as refused:
        send()

    assert refused.value.code == "Throttling.User"
    assert send().env_id


def test_inbox_reset_empties_the_mailboxes(directmail, send):
    send()

    directmail.inbox.reset()

    assert directmail.inbox.mails() == []
