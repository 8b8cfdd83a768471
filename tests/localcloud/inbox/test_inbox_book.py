"""The book of the inbox: who is told of replies, and what outlives a restart."""

from __future__ import annotations

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.inbox.book import Inbox, InboxLoss, InboxMail, InboxMessage

PHONE = "+8613800138000"


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


def message(text: str) -> InboxMessage:
    return InboxMessage(
        phone=PHONE,
        sign_name="Sesame",
        text=text,
        template_code="SMS_1",
        params={},
        out_id="",
        biz_id="",
        sent_at=1.0,
    )


def test_expected_message_comes_when_the_clock_says_so():
    cloud = Cloud()
    inbox = Inbox(cloud)
    inbox.expect(message("late"), at=cloud.clock.now_s() + 60)
    inbox.deliver(message("at once"))
    version = inbox.version

    assert [each.text for each in inbox.messages()] == ["at once"]
    cloud.clock.advance(61)

    assert inbox.version == version + 1
    assert [each.text for each in inbox.messages()] == ["late", "at once"]
    assert inbox.expected() == []
    inbox.close()


def test_expected_message_and_loss_outlive_a_restart(tmp_path):
    cloud = Cloud(tmp_path)
    first = Inbox(cloud)
    first.expect(message("late"), at=cloud.clock.now_s() + 60)
    first.lose(InboxLoss(phone=PHONE, template_code="SMS_1", err_code="MB:1041", sent_at=1.0))
    first.close()

    second = Inbox(cloud)
    cloud.clock.advance(61)

    assert [each.text for each in second.messages(PHONE)] == ["late"]
    assert [each.err_code for each in second.losses()] == ["MB:1041"]
    second.close()


def test_reset_takes_what_is_on_its_way_too():
    cloud = Cloud()
    inbox = Inbox(cloud)
    inbox.expect(message("late"), at=cloud.clock.now_s() + 60)

    inbox.reset()
    cloud.clock.advance(61)

    assert (inbox.messages(), inbox.expected()) == ([], [])
    inbox.close()


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
