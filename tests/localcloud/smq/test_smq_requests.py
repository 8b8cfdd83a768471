"""Queues of SMQ, who may call it, and bytes that make no sense."""

from __future__ import annotations

import http.client

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mns.mns_exception import MNSServerException
from mns.queue import Message, QueueMeta

from infra.localcloud.core.identities import Identity
from tests.localcloud.smq.signing import call, raw

# The SDK deprecates three attributes of its own and still reads them itself.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Call to deprecated function .* (active|inactive|delay)_messages:DeprecationWarning"
)


def refusal(call, *arguments: object) -> str:
    with pytest.raises(MNSServerException) as refused:
        call(*arguments)
    return refused.value.type


def test_queue_has_the_documented_defaults(smq):
    meta = smq.queue().get_attributes()

    assert (meta.visibility_timeout, meta.maximum_message_size) == (30, 65_536)
    assert (meta.message_retention_period, meta.delay_seconds) == (345_600, 0)
    assert (meta.polling_wait_seconds, meta.logging_enabled) == (0, False)
    assert (meta.queue_name, meta.active_messages) == ("jobs", 0)


def test_queue_can_be_made_again_only_just_so(smq):
    queue = smq.queue(vis_timeout=60)

    assert queue.create(QueueMeta(vis_timeout=60)).endswith("/queues/jobs")
    assert refusal(queue.create, QueueMeta(vis_timeout=61)) == "QueueAlreadyExist"


def test_queue_counts_its_messages_by_state(smq):
    queue = smq.queue()
    queue.batch_send_message([Message("a"), Message("b"), Message("c", delay_seconds=60)])
    queue.receive_message()

    meta = queue.get_attributes()

    counts = (meta.active_messages, meta.inactive_messages, meta.delay_messages)
    assert counts == (1, 1, 1)


def test_queue_attributes_change_as_far_as_they_are_named(smq):
    queue = smq.queue(vis_timeout=60, delay_sec=5)

    queue.set_attributes(QueueMeta(vis_timeout=90, logging_enabled=True))

    meta = queue.get_attributes()
    assert (meta.visibility_timeout, meta.delay_seconds, meta.logging_enabled) == (90, 5, True)


@pytest.mark.parametrize(
    "attributes",
    [{"vis_timeout": 43_201}, {"msg_ttl": 59}, {"delay_sec": 604_801}, {"max_msg_size": 65_537}],
)
def test_queue_refuses_an_attribute_out_of_bounds(smq, attributes):
    queue = smq.account().get_queue("jobs")

    assert refusal(queue.create, QueueMeta(**attributes)) == "InvalidArgument"


def test_deleted_queue_is_gone_with_its_messages(smq):
    queue = smq.queue()
    queue.send_message(Message("x"))

    queue.delete()

    assert refusal(queue.receive_message) == "QueueNotExist"
    queue.delete()  # once more is no error
    assert smq.queue().get_attributes().active_messages == 0


@pytest.mark.parametrize("name", ["-x", "a_b", "a%20b", "%E4%B8%AD"])
def test_queue_name_is_letters_digits_and_hyphens(smq, name):
    assert refusal(smq.account().get_queue(name).create, QueueMeta()) == "InvalidQueueName"


def test_queues_are_listed_by_prefix_and_page(smq):
    for name in ("jobs-a", "jobs-b", "jobs-c", "other"):
        smq.queue(name)
    account = smq.account()

    first, marker = account.list_queue(prefix="jobs", ret_number=2)
    second, end = account.list_queue(prefix="jobs", ret_number=2, marker=marker)

    assert [url.rpartition("/")[2] for url in first + second] == ["jobs-a", "jobs-b", "jobs-c"]
    assert end == ""


def test_session_calls_as_its_function(smq):
    smq.queue()
    session = smq.cloud.identities.issue_session(
        role="fc", session_name="fc", duration_s=900, function="send_notification"
    )

    smq.account(session).get_queue("jobs").send_message(Message("x"))

    readings = smq.cloud.meter.as_json()["operations"]
    assert ("SendMessage", "send_notification") in {
        (reading["operation"], reading["function"]) for reading in readings
    }


def test_session_is_refused_once_expired_or_without_its_token(smq):
    smq.queue()
    session = smq.cloud.identities.issue_session(role="fc", session_name="s", duration_s=900)
    tokenless = Identity(session.access_key_id, session.access_key_secret)
    assert refusal(smq.account(tokenless).get_queue("jobs").peek_message) == "AccessDenied"

    smq.cloud.clock.advance(901)

    assert refusal(smq.account(session).get_queue("jobs").peek_message) == "AccessDenied"


def test_unknown_key_and_wrong_secret_are_refused(smq):
    smq.queue()
    nobody = Identity("LTAInobody", "x")
    wrong = Identity(smq.cloud.identities.root.access_key_id, "wrong")

    assert refusal(smq.account(nobody).get_queue("jobs").peek_message) == "InvalidAccessKeyId"
    assert refusal(smq.account(wrong).get_queue("jobs").peek_message) == "SignatureDoesNotMatch"


def test_carriage_return_comes_back_as_it_was_sent(smq):
    queue = smq.queue()
    queue.set_encoding(False)
    body = b"<Message><MessageBody>a&#13;b</MessageBody></Message>"

    assert call(smq, "POST", "/queues/jobs/messages", body) == (201, None)

    assert queue.receive_message().message_body == "a\rb"


@pytest.mark.parametrize("target", ["/queues/jobs", "/"])
def test_host_that_is_no_text_is_answered(smq, target):
    connection = http.client.HTTPConnection(smq.endpoint.removeprefix("http://"), timeout=10)
    try:
        connection.putrequest("GET", target, skip_host=True)
        connection.putheader("Host", b"a\xff")
        connection.endheaders()
        assert connection.getresponse().status == 400
    finally:
        connection.close()


def test_request_signed_by_the_specification_is_taken(smq):
    assert call(smq, "PUT", "/queues/jobs") == (201, None)
    assert call(smq, "GET", "/queues/jobs") == (200, None)


@pytest.mark.parametrize(
    ("status", "code", "changes"),
    [
        (400, "MissingDateHeader", {"date": None}),
        (400, "InvalidDateHeader", {"date": "today"}),
        (408, "TimeExpired", {"date": "Mon, 01 Jan 2024 00:00:00 GMT"}),
        (400, "InvalidDegist", {"content_md5": "AAAA"}),
        (400, "InvalidArgument", {"x_mns_version": None}),
        (400, "InvalidArgument", {"x_mns_version": "2014-01-01"}),
    ],
)
def test_request_with_a_bad_header_is_refused(smq, status, code, changes):
    assert call(smq, "GET", "/queues", **changes) == (status, code)


@pytest.mark.parametrize(
    ("code", "headers"),
    [
        ("MissingAuthorizationHeader", {}),
        ("InvalidAuthorizationHeader", {"Authorization": "Basic abc"}),
    ],
)
def test_request_without_a_signature_is_refused(smq, code, headers):
    assert raw(smq, "GET", "/queues", b"", headers) == (400, code)


BOMB = b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "ha"><!ENTITY c "&a;&a;&a;&a;">]>
<Message><MessageBody>&c;&c;</MessageBody></Message>"""


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("MalformedXML", BOMB),
        ("MalformedXML", BOMB.decode().replace('1.0"', '1.0" encoding="utf-16"').encode("utf-16")),
        ("MalformedXML", b""),
        ("MalformedXML", b"<Message><MessageBody>x</Message>"),
        ("MalformedXML", b"<Message>" + b"<a>" * 8 + b"</a>" * 8 + b"</Message>"),
        ("MalformedXML", b"<Message>" + b"<a>" * 100_000),
        ("MalformedXML", b'<?xml version="1.0" encoding="no-such"?><Message/>'),
        ("InvalidArgument", b"<Letter><MessageBody>x</MessageBody></Letter>"),
        ("InvalidArgument", b"<Message/>"),
        ("InvalidArgument", b"<Message><MessageBody/></Message>"),
        (
            "InvalidArgument",
            b"<Message><MessageBody>x</MessageBody><Priority>17</Priority></Message>",
        ),
        (
            "InvalidArgument",
            b"<Message><MessageBody>x</MessageBody><DelaySeconds>1e3</DelaySeconds></Message>",
        ),
        ("InvalidArgument", b"<Messages></Messages>"),
        ("InvalidArgument", b"<Message><MessageBody>" + b"x" * 5_000_000),
    ],
    ids=range(14),
)
def test_send_refuses_a_body_that_is_no_message(smq, code, body):
    smq.queue()

    assert call(smq, "POST", "/queues/jobs/messages", body) == (400, code)
    assert smq.queue().get_attributes().active_messages == 0


@pytest.mark.parametrize(
    ("code", "method", "target"),
    [
        ("InvalidRequestURL", "GET", "/"),
        ("InvalidRequestURL", "POST", "/queues/jobs"),
        ("InvalidRequestURL", "PATCH", "/queues/jobs/messages"),
        ("InvalidRequestURL", "GET", "/queues/jobs/messages/1"),
        ("InvalidQueryString", "GET", "/queues/jobs/messages?waitseconds=%FF"),
        ("InvalidArgument", "GET", "/queues/jobs/messages?waitseconds=31"),
        ("InvalidArgument", "GET", "/queues/jobs/messages?numOfMessages=0"),
        ("MissingReceiptHandle", "PUT", "/queues/jobs/messages?VisibilityTimeout=5"),
        ("MissingVisibilityTimeout", "PUT", "/queues/jobs/messages?ReceiptHandle=1-a"),
        ("ReceiptHandleError", "DELETE", "/queues/jobs/messages?ReceiptHandle=%C2%B2-a"),
        ("QueueNameLengthError", "PUT", "/queues/" + "q" * 257),
    ],
)
def test_request_that_means_nothing_is_refused(smq, code, method, target):
    smq.queue()

    assert call(smq, method, target) == (400, code)


FUZZ = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PIECES = st.sampled_from(
    [
        b"<Message>",
        b"</Message>",
        b"<Messages>",
        b"</Messages>",
        b"<MessageBody>",
        b"</MessageBody>",
    ]
    + [b"<ReceiptHandles>", b"<ReceiptHandle>", b"<Queue>", b"&#0;", b"<!DOCTYPE a>", b"\xff", b"x"]
)


@FUZZ
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE"]),
    target=st.one_of(
        st.sampled_from(["/queues/jobs", "/queues/jobs/messages", "/queues"]),
        st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40).map(
            lambda text: "/queues/jobs/messages?" + text.replace("#", "")
        ),
    ),
    body=st.one_of(st.binary(max_size=80), st.lists(PIECES, max_size=8).map(b"".join)),
)
def test_smq_answers_any_signed_bytes_without_a_bug(smq, method, target, body):
    status, code = call(smq, method, target, body)

    assert 200 <= status < 500
    assert (code is None) == (status < 400)
