"""What a queue's messages look like to a function, and where they go when it fails."""

from __future__ import annotations

import asyncio

import pytest

from infra.localcloud.eventbridge.delivery import retry_waits
from tests.localcloud.eventbridge.recorded import DEAD, Scene, queue_trigger, running, until

BATCH_OF_3 = {"CountBasedWindow": 3, "TimeBasedWindow": 15}


def test_stream_pushes_a_full_batch_of_cloudevents_and_deletes_it() -> None:
    async def scenario() -> None:
        async with running(queue_trigger(run_batchWindow=BATCH_OF_3)) as scene:
            scene.send("a", "b", "c")
            await until(lambda: bool(scene.events) and scene.is_empty())
            (batch,) = scene.events
            assert [event["data"]["messageBody"] for event in batch] == ["a", "b", "c"]
            first = batch[0]
            assert first["source"] == first["aliyuneventbusname"] == "MNS-work-fn-jobs"
            assert first["subject"] == "acs:mns:cn-hangzhou:123:queues/jobs"
            assert first["type"] == "mns:Queue:SendMessage"
            assert set(first["data"]) == {"requestId", "messageId", "messageBody"}

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (queue_trigger(schema="RawData"), ["1"]),
        (queue_trigger(schema="RawData", src_IsBase64Decode=False), ["MQ=="]),
        (queue_trigger(schema="RawData", mode="event-driven"), 1),
    ],
)
def test_raw_data_is_the_body_alone(trigger: object, expected: object) -> None:
    async def scenario() -> None:
        async with running(trigger) as scene:
            scene.send("1")
            await until(lambda: bool(scene.events))
            assert scene.events == [expected]

    asyncio.run(scenario())


def test_failed_push_is_tried_again_when_the_clock_has_moved() -> None:
    async def scenario() -> None:
        async with running(queue_trigger()) as scene:
            scene.runtime.failures = 1
            scene.send("a")
            await until(lambda: len(scene.events) == 1)
            scene.cloud.clock.advance(60)  # also past the time for which the message is hidden
            await until(scene.is_empty)
            assert len(scene.events) == 2

    asyncio.run(scenario())


def test_tolerant_stream_moves_what_fails_to_the_dead_letter_queue() -> None:
    async def scenario() -> None:
        dead = queue_trigger(run_errorsTolerance="ALL", run_deadLetterQueue={"Arn": DEAD})
        async with running(dead) as scene:
            scene.runtime.failures = 4
            scene.send("a")
            for count in range(1, 5):
                await until(lambda count=count: len(scene.events) == count)
                scene.cloud.clock.advance(15)
            await until(scene.is_empty)
            (message,) = scene.queues.peek("dead", 10)
            assert message.body == "YQ=="

    asyncio.run(scenario())


def test_intolerant_stream_blocks_until_the_function_succeeds() -> None:
    async def scenario() -> None:
        async with running(queue_trigger()) as scene:
            scene.runtime.failures = 6
            scene.send("a", "b")
            for count in range(1, 7):
                await until(lambda count=count: len(scene.events) == count)
                scene.cloud.clock.advance(20)
            await until(scene.is_empty)
            bodies = [batch[0]["data"]["messageBody"] for batch in scene.events]
            assert bodies == ["a"] * 7 + ["b"]

    asyncio.run(scenario())


def test_message_in_work_is_hidden_and_comes_back_when_the_stream_stops() -> None:
    async def scenario() -> None:
        scene = Scene(queue_trigger())
        scene.runtime.gate.clear()
        await scene.triggers.start()
        scene.send("a")
        await until(lambda: len(scene.events) == 1)
        assert scene.queues.counts("jobs").inactive == 1
        await scene.triggers.stop()
        assert scene.queues.counts("jobs").active == 1
        scene.queues.close()

    asyncio.run(scenario())


def test_message_in_work_is_not_pushed_twice_when_the_clock_jumps() -> None:
    async def scenario() -> None:
        dead = queue_trigger(run_errorsTolerance="ALL", run_deadLetterQueue={"Arn": DEAD})
        async with running(dead) as scene:
            scene.runtime.gate.clear()
            scene.send("a")
            await until(lambda: len(scene.events) == 1)
            scene.cloud.clock.advance(60)
            scene.send("b")
            await until(lambda: len(scene.events) == 2)
            scene.runtime.gate.set()
            await until(scene.is_empty)
            bodies = [batch[0]["data"]["messageBody"] for batch in scene.events]
            assert bodies == ["a", "b"]

    asyncio.run(scenario())


def test_asynchronous_stream_deletes_at_once() -> None:
    async def scenario() -> None:
        async with running(queue_trigger(asyncInvocationType=True)) as scene:
            scene.runtime.gate.clear()
            scene.send("a")
            await until(lambda: bool(scene.events) and scene.is_empty())
            assert scene.runtime.types == ["async"]

    asyncio.run(scenario())


def test_exponential_decay_makes_a_day_of_176_tries() -> None:
    waits = list(retry_waits("EXPONENTIAL_DECAY_RETRY", lambda: 0))
    assert (len(waits), waits[:3], max(waits)) == (176, [1, 2, 4], 512)
    assert 85_000 < sum(waits) < 87_000
