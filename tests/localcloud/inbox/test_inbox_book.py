"""The book of the inbox: who is told of replies, and what outlives a restart."""

from __future__ import annotations

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.inbox.book import Inbox, InboxMail


def mail(to: str) -> InboxMail:
    return InboxMail(
        to=to,
        sender="codes@sesame.example",
        sender_alias="",
        subject="Code",
        text_body="123456",
        html_body="",
        tag_name="",
        env_id="1",
        sent_at=1.0,
    )


def test_inbox_tells_its_listeners_of_every_reply():
    inbox = Inbox(Cloud())
    heard = []
    inbox.listen(heard.append)

    reply = inbox.add_reply("+8613800138000", "R")

    assert heard == [reply]
    inbox.close()


def test_inbox_keeps_mails_over_a_restart(tmp_path):
    first = Inbox(Cloud(tmp_path))
    first.deliver_mail(mail("a@forty.example"))
    version = first.version
    first.close()

    second = Inbox(Cloud(tmp_path))

    assert [kept.to for kept in second.mails()] == ["a@forty.example"]
    assert second.version == version
    second.close()
