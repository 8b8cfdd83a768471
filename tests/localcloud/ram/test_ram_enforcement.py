"""Every service asks RAM: sessions of a role whose policies lack one action, over the real SDKs."""

from __future__ import annotations

import pytest
from alibabacloud_credentials.exceptions import CredentialException
from alibabacloud_dm20151123 import models as dm
from alibabacloud_dysmsapi20170525 import models as sms
from mns.mns_exception import MNSServerException
from mns.queue import Message, QueueMeta
from mns.topic import TopicMessage, TopicMeta

from infra.localcloud.core.access import FC_TRUST
from tests.localcloud.ram.ram_cloud import (
    ACCOUNT_TRUST,
    ROLE,
    create_role,
    ots,
    policy,
    refused,
    statement,
)

STATE = "acs:ots:*:*:instance/sesame/table/state"
KEY = [("id", "1")]


@pytest.fixture
def tables(cloud):
    """The names of two tables that are there."""
    for name in ("state", "records"):
        cloud.tables().create_table(
            ots.TableMeta(name, [("id", "STRING")]),
            ots.TableOptions(-1, 1),
            ots.ReservedThroughput(ots.CapacityUnit(0, 0)),
        )
    return ("state", "records")


def batch(*names):
    request = ots.BatchWriteRowRequest()
    for name in names:
        row = ots.Row(KEY, [("a", 1)])
        item = ots.PutRowItem(row, ots.Condition(ots.RowExistenceExpectation.IGNORE))
        request.add(ots.TableInBatchWriteRowItem(name, [item]))
    return request


def no_permission(call, *arguments):
    with pytest.raises(ots.OTSServiceError) as caught:
        call(*arguments)
    assert caught.value.get_error_code() == "OTSNoPermissionAccess"
    assert caught.value.get_http_status() == 403


@pytest.mark.usefixtures("tables")
def test_tablestore_refuses_the_action_that_is_missing(cloud):
    client = cloud.tables(cloud.grant(statement("ots:GetRow", STATE)))

    client.get_row("state", KEY)

    no_permission(client.put_row, "state", ots.Row(KEY, [("a", 1)]))
    no_permission(client.delete_row, "state", ots.Row(KEY))
    no_permission(client.list_table)
    no_permission(client.describe_table, "state")
    # A right to read rows is none to read them in batches.
    no_permission(client.batch_get_row, _batch_get("state"))


def _batch_get(name):
    request = ots.BatchGetRowRequest()
    request.add(ots.TableInBatchGetRowItem(name, [KEY], max_version=1))
    return request


@pytest.mark.usefixtures("tables")
def test_tablestore_refuses_the_table_that_is_missing(cloud):
    client = cloud.tables(cloud.grant(statement("ots:*", STATE)))

    client.get_row("state", KEY)

    no_permission(client.get_row, "records", KEY)
    no_permission(client.get_row, "none-such", KEY)
    no_permission(client.create_table, *_new_table())


def _new_table():
    return (
        ots.TableMeta("new", [("id", "STRING")]),
        ots.TableOptions(-1, 1),
        ots.ReservedThroughput(ots.CapacityUnit(0, 0)),
    )


@pytest.mark.usefixtures("tables")
def test_tablestore_refuses_a_batch_whole_for_one_table(cloud):
    client = cloud.tables(cloud.grant(statement("ots:BatchWriteRow", STATE)))

    no_permission(client.batch_write_row, batch("state", "records"))
    assert cloud.tables().get_row("state", KEY)[1] is None

    client.batch_write_row(batch("state"))
    assert cloud.tables().get_row("state", KEY)[1] is not None


@pytest.mark.usefixtures("tables")
def test_tablestore_lists_tables_by_the_right_to_all(cloud):
    instance = "acs:ots:*:*:instance/sesame/table/*"
    session = cloud.grant(statement("ots:ListTable", instance))

    assert set(cloud.tables(session).list_table()) == {"state", "records"}
    no_permission(cloud.tables(cloud.grant(statement("ots:ListTable", STATE))).list_table)


def test_tablestore_compares_instances_in_lower_case(cloud, tables):
    session = cloud.grant(statement("ots:*", STATE))

    cloud.tables(session, "SESAME").get_row(tables[0], KEY)
    no_permission(cloud.tables(session, "other").get_row, tables[0], KEY)


def send_sms(client):
    request = sms.SendSmsRequest(
        phone_numbers="13800138000", sign_name="none", template_code="SMS_1"
    )
    return client.send_sms(request).body.code


def test_dysmsapi_refuses_in_its_answer(cloud):
    may = cloud.sms(cloud.grant(statement("dysms:SendSms")))
    assert send_sms(may) == "isv.SMS_SIGNATURE_ILLEGAL"  # it got as far as the sign

    may_not = cloud.sms(cloud.grant(statement("dysms:QuerySendDetails")))
    assert send_sms(may_not) == "isp.RAM_PERMISSION_DENY"


def test_dysmsapi_has_no_resources_but_all(cloud):
    narrow = cloud.sms(cloud.grant(statement("dysms:SendSms", "acs:dysms:*:*:sign/sesame")))

    assert send_sms(narrow) == "isp.RAM_PERMISSION_DENY"


def test_directmail_refuses_the_action_that_is_missing(cloud):
    request = dm.SingleSendMailRequest(
        account_name="codes@sesame.example",
        address_type=1,
        reply_to_address=False,
        to_address="ali@forty.example",
        subject="Sesame",
        text_body="Open",
    )

    cloud.mail(cloud.grant(statement("dm:SingleSendMail"))).single_send_mail(request)

    with refused("Forbidden.RAM", 403):
        cloud.mail(cloud.grant(statement("dm:BatchSendMail"))).single_send_mail(request)
    assert len(cloud.inbox.mails("ali@forty.example")) == 1


def denied(call, *arguments):
    with pytest.raises(MNSServerException) as caught:
        call(*arguments)
    assert caught.value.type == "AccessDenied"


def test_smq_refuses_the_action_and_the_queue_that_are_missing(cloud):
    for name in ("jobs", "dead"):
        cloud.queues().get_queue(name).create(QueueMeta())
    sender = cloud.queues(
        cloud.grant(statement("mns:SendMessage", "acs:mns:*:*:/queues/jobs/messages"))
    )

    sender.get_queue("jobs").send_message(Message("one"))

    denied(sender.get_queue("jobs").receive_message)
    denied(sender.get_queue("jobs").batch_send_message, [Message("two")])
    denied(sender.get_queue("dead").send_message, Message("three"))
    denied(sender.get_queue("jobs").get_attributes)
    denied(sender.list_queue)
    assert cloud.queues().get_queue("jobs").receive_message().message_body == b"one"


def test_smq_tells_a_queue_from_its_messages(cloud):
    owner = cloud.queues(
        cloud.grant(statement("mns:*", "acs:mns:cn-hangzhou:1000000000000001:/queues/jobs"))
    )

    owner.get_queue("jobs").create(QueueMeta())
    owner.get_queue("jobs").set_attributes(QueueMeta(vis_timeout=60))

    denied(owner.get_queue("jobs").send_message, Message("one"))


def test_smq_refuses_topics_too(cloud):
    cloud.queues().get_topic("news").create(TopicMeta())
    publisher = cloud.queues(
        cloud.grant(statement("mns:PublishMessage", "acs:mns:*:*:/topics/news/messages"))
    )

    publisher.get_topic("news").publish_message(TopicMessage("one"))

    denied(publisher.get_topic("other").publish_message, TopicMessage("two"))
    denied(publisher.get_topic("news").delete)


def test_sts_gives_a_role_to_whom_it_trusts(cloud):
    create_role(cloud.ram())

    session = cloud.assume(ROLE)

    assert session.role.endswith(ROLE)
    assert not cloud.cloud.access.allows(session, "ots:GetRow", ["*"], source_ip="127.0.0.1")


def test_sts_keeps_a_function_s_role_from_the_account(cloud):
    cloud.cloud.access.put_role(ROLE, {}, FC_TRUST)
    role = cloud.cloud.access.book.role(ROLE)

    with pytest.raises(CredentialException, match="NoPermission"):
        cloud.assume(ROLE)
    assert cloud.cloud.access.trusts_service(role)
    assert not cloud.cloud.access.trusts_service(role, "ecs.aliyuncs.com")


def test_sts_wants_the_right_and_the_trust_of_a_session(cloud):
    target = "acs:ram:*:1000000000000001:role/admin"
    trusting = {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"RAM": f"acs:ram::1000000000000001:role/{ROLE.upper()}"},
            }
        ],
    }
    cloud.cloud.access.put_role("admin", {}, trusting)
    cloud.cloud.access.put_role("closed", {}, FC_TRUST)

    assert cloud.assume("Admin", cloud.grant(statement("sts:AssumeRole", target)))

    for statements in ([statement("sts:AssumeRole", target + "s")], [statement("ots:*")]):
        with pytest.raises(CredentialException, match="NoPermission"):
            cloud.assume("admin", cloud.grant(*statements))
    with pytest.raises(CredentialException, match="NoPermission"):
        cloud.assume("closed", cloud.grant(statement("sts:AssumeRole")))
    with pytest.raises(CredentialException, match="NoPermission"):
        cloud.assume("admin", cloud.grant(statement("sts:AssumeRole"), role="other"))


def test_sts_asks_for_the_external_id_that_the_trust_names(cloud):
    (trust,) = ACCOUNT_TRUST["Statement"]
    asking = policy({**trust, "Condition": {"StringEquals": {"sts:ExternalId": "abc"}}})
    cloud.cloud.access.put_role("vendor", {}, asking)

    assert cloud.assume("vendor", external_id="abc")
    with pytest.raises(CredentialException, match="NoPermission"):
        cloud.assume("vendor", external_id="abd")
    with pytest.raises(CredentialException, match="NoPermission"):
        cloud.assume("vendor")


def test_sts_session_policy_narrows_and_never_widens(cloud):
    cloud.cloud.access.put_role("admin", {"p": policy(statement("dysms:*"))}, ACCOUNT_TRUST)
    compact = (
        '{"Version":"1","Statement":'
        '[{"Effect":"Allow","Action":["dysms:SendSms","dm:*"],"Resource":"*"}]}'
    )

    session = cloud.assume("admin", policy=compact)

    def may(action):
        return cloud.cloud.access.allows(session, action, ["*"], source_ip="127.0.0.1")

    assert may("dysms:SendSms")
    assert not may("dysms:QuerySendDetails")
    assert not may("dm:SingleSendMail")


def test_sts_refuses_a_session_policy_that_is_none(cloud):
    create_role(cloud.ram())

    with pytest.raises(CredentialException, match="PolicyGrammar"):
        cloud.assume(ROLE, policy='{"Version":"1","Statement":[{"Effect":"Allow"}]}')


def test_sts_holds_sessions_to_the_role_s_own_length(cloud):
    create_role(cloud.ram(), "short")
    create_role(cloud.ram(), "long", max_session_duration=7200)

    assert cloud.assume("long", duration_seconds=7200)
    with pytest.raises(CredentialException, match="DurationSeconds"):
        cloud.assume("short", duration_seconds=3601)


def test_root_key_may_do_everything(cloud, tables):
    cloud.cloud.access.strict_roles = True

    assert set(cloud.tables().list_table()) == set(tables)
    create_role(cloud.ram())
