"""Messages of SMQ through the unmodified SDK: at least once, by the cloud's clock."""

from __future__ import annotations

import threading
import time

import pytest
from mns.mns_exception import MNSClientNetworkException, MNSServerException
from mns.queue import Message, Queue

from infra.localcloud.core.faults import Fault

# The SDK deprecates three attributes of its own and still reads them itself.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Call to deprecated function .* (active|inactive|delay)_messages:DeprecationWarning"
)


def refusal(call, *arguments: object) -> str:
    with pytest.raises(MNSServerException) as refused:
        call(*arguments)
    return refused.value.type


def bodies(messages) -> list[bytes]:
    return [message.message_body for message in messages]


def test_message_comes_back_as_it_was_sent(smq):
    queue = smq.queue()

    sent = queue.send_message(Message("你好 <&>\r\n😀"))
    received = queue.receive_message()

    assert received.message_body.decode() == "你好 <&>\r\n😀"
    assert (received.message_id, received.message_body_md5) == (
        sent.message_id,
        sent.message_body_md5,
    )
    assert (received.dequeue_count, received.priority) == (1, 8)
    assert abs(received.enqueue_time / 1000 - time.time()) < 30
    assert abs(received.next_visible_time / 1000 - time.time() - 30) < 30


def test_message_without_base64_comes_back_as_it_was_sent(smq):
    queue = smq.queue()
    queue.set_encoding(False)

    queue.send_message(Message("a\nb <c>&amp; 中"))

    assert queue.receive_message().message_body == "a\nb <c>&amp; 中"


def test_received_message_is_hidden_until_its_timeout(smq):
    queue = smq.queue(vis_timeout=40)
    queue.send_message(Message("x"))
    first = queue.receive_message()
    assert refusal(queue.receive_message) == "MessageNotExist"

    smq.cloud.clock.advance(41)

    second = queue.receive_message()
    assert (second.message_id, second.dequeue_count) == (first.message_id, 2)
    assert second.first_dequeue_time == first.first_dequeue_time
    assert refusal(queue.delete_message, first.receipt_handle) == "ReceiptHandleError"
    queue.delete_message(second.receipt_handle)
    assert refusal(queue.delete_message, second.receipt_handle) == "MessageNotExist"


def test_receipt_handle_ends_with_its_timeout(smq):
    queue = smq.queue(vis_timeout=40)
    queue.send_message(Message("x"))
    handle = queue.receive_message().receipt_handle

    smq.cloud.clock.advance(41)

    assert refusal(queue.delete_message, handle) == "ReceiptHandleError"


def test_changed_visibility_hides_longer_under_a_new_handle(smq):
    queue = smq.queue(vis_timeout=40)
    queue.send_message(Message("x"))
    old = queue.receive_message().receipt_handle

    new = queue.change_message_visibility(old, 600).receipt_handle
    smq.cloud.clock.advance(500)

    assert refusal(queue.receive_message) == "MessageNotExist"
    assert refusal(queue.delete_message, old) == "ReceiptHandleError"
    queue.delete_message(new)


def test_delayed_message_waits_for_its_time(smq):
    queue = smq.queue(delay_sec=100)
    queue.send_message(Message("late", delay_seconds=3600))
    queue.send_message(Message("soon"))
    assert refusal(queue.receive_message) == "MessageNotExist"

    smq.cloud.clock.advance(101)
    assert queue.receive_message().message_body == b"soon"
    assert refusal(queue.receive_message) == "MessageNotExist"

    smq.cloud.clock.advance(3600)
    assert b"late" in bodies(queue.batch_receive_message(16))


def test_messages_end_with_their_retention(smq):
    queue = smq.queue(msg_ttl=60)
    queue.send_message(Message("x"))

    smq.cloud.clock.advance(61)

    assert refusal(queue.receive_message) == "MessageNotExist"
    assert queue.get_attributes().active_messages == 0


def test_messages_come_by_priority_then_age(smq):
    queue = smq.queue()
    for body, priority in (("c", 8), ("d", 16), ("a", 1), ("b", 1)):
        queue.send_message(Message(body, priority=priority))

    assert bodies(queue.batch_receive_message(16)) == [b"a", b"b", b"c", b"d"]


def test_peek_leaves_the_message_to_receive(smq):
    queue = smq.queue()
    queue.send_message(Message("x"))

    assert queue.peek_message().message_body == b"x"
    assert bodies(queue.batch_peek_message(16)) == [b"x"]

    assert queue.receive_message().dequeue_count == 1


def test_batch_sends_receives_and_deletes_up_to_sixteen(smq):
    queue = smq.queue()
    sent = queue.batch_send_message([Message(f"m{n}") for n in range(16)])

    received = queue.batch_receive_message(16)
    queue.batch_delete_message([message.receipt_handle for message in received])

    assert [one.message_id for one in received] == [one.message_id for one in sent]
    smq.cloud.clock.advance(31)
    assert refusal(queue.receive_message) == "MessageNotExist"


def test_batch_of_seventeen_is_refused_whole(smq):
    queue = smq.queue()

    messages = [Message("x") for _ in range(17)]

    assert refusal(queue.batch_send_message, messages) == "InvalidArgument"
    assert refusal(queue.batch_receive_message, 17) == "InvalidArgument"


def test_batch_delete_names_what_it_could_not_delete(smq):
    queue = smq.queue()
    queue.batch_send_message([Message("a"), Message("b")])
    first, second = queue.batch_receive_message(2)

    with pytest.raises(MNSServerException) as refused:
        queue.batch_delete_message([first.receipt_handle, "1-forged"])

    (failed,) = refused.value.sub_errors
    assert failed["ReceiptHandle"] == "1-forged"
    queue.delete_message(second.receipt_handle)


@pytest.mark.parametrize(("size", "is_taken"), [(65_536, True), (65_537, False)])
def test_message_is_limited_to_64_kb(smq, size, is_taken):
    queue = smq.queue()
    queue.set_encoding(False)

    if is_taken:
        assert queue.send_message(Message("x" * size)).message_id
    else:
        assert refusal(queue.send_message, Message("x" * size)) == "InvalidArgument"


def test_long_poll_returns_as_soon_as_a_message_comes(smq):
    queue, sender = smq.queue(), smq.queue()
    received: list[bytes] = []
    waiting = threading.Thread(
        target=lambda: received.append(queue.receive_message(10).message_body)
    )
    waiting.start()
    started_s = time.monotonic()
    sender.send_message(Message("x"))
    waiting.join(8)

    assert received == [b"x"]
    assert time.monotonic() - started_s < 5


def test_long_poll_sees_what_the_clock_makes_visible(smq):
    queue = smq.queue()
    queue.send_message(Message("x", delay_seconds=3600))
    received: list[bytes] = []
    waiting = threading.Thread(
        target=lambda: received.append(queue.receive_message(10).message_body)
    )
    waiting.start()
    smq.cloud.clock.advance(3601)
    waiting.join(8)

    assert received == [b"x"]


def test_long_poll_of_an_empty_queue_ends_without_a_message(smq):
    queue = smq.queue()
    started_s = time.monotonic()

    assert refusal(queue.receive_message, 1) == "MessageNotExist"
    assert 0.9 < time.monotonic() - started_s < 5


def test_parallel_receivers_never_share_a_message(smq):
    smq.queue().batch_send_message([Message(str(n)) for n in range(16)])
    received: list[bytes] = []

    def drain(queue: Queue) -> None:
        for _ in range(4):
            received.append(queue.receive_message(5).message_body)

    threads = [threading.Thread(target=drain, args=(smq.queue(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert sorted(received) == sorted(str(n).encode() for n in range(16))


def test_queues_and_messages_outlive_a_restart(start, tmp_path):
    queue = start(tmp_path).queue(vis_timeout=40)
    queue.send_message(Message("kept"))
    handle = queue.receive_message().receipt_handle

    second = start(tmp_path)  # the first still holds its file: nothing was closed in order

    again = second.account().get_queue("jobs")
    assert again.get_attributes().inactive_messages == 1
    again.delete_message(handle)
    assert again.get_attributes().inactive_messages == 0


def test_fault_drop_after_applies_a_send_whose_answer_is_lost(smq):
    queue, other = smq.queue(), smq.queue()
    smq.cloud.faults.add(Fault("smq", "SendMessage", "drop_after", 2))  # the SDK resends once

    with pytest.raises(MNSClientNetworkException):
        queue.send_message(Message("x"))

    assert other.get_attributes().active_messages >= 1


def test_fault_answers_with_the_error_asked_for(smq):
    queue = smq.queue()
    smq.cloud.faults.add(Fault("smq", "ReceiveMessage", "error:InternalServerError", 1))

    assert refusal(queue.receive_message) == "InternalServerError"


def test_reset_empties_the_queues_and_keeps_them(smq):
    queue = smq.queue()
    queue.send_message(Message("x"))

    smq.service.reset()

    assert refusal(queue.receive_message) == "MessageNotExist"
