"""Who is called for a topic's message and for an event of the bus; what is refused at start."""

from __future__ import annotations

import asyncio

import pytest

from infra.localcloud.eventbridge.pattern import PatternInvalid, read_pattern
from infra.localcloud.eventbridge.rules import TriggerInvalid, read_rules
from infra.serverless_devs.manifest import Trigger
from tests.localcloud.eventbridge.recorded import function, queue_trigger, running, until

EVENT = {"id": "1", "source": "shop", "type": "paid", "data": {"amount": 1, "tags": ["a"]}}


def bus_trigger(pattern: str) -> Trigger:
    source = {"eventSourceType": "Default"}
    config = {"eventSourceConfig": source, "eventRuleFilterPattern": pattern}
    return Trigger("bus", "eventbridge", config)


def topic_trigger(form: str, **config: object) -> Trigger:
    arn = "acs:mns:cn-hangzhou:123:/topics/otp"
    return Trigger("topic", "mns_topic", {"notifyContentFormat": form, **config}, arn)


def test_bus_calls_whom_the_pattern_matches() -> None:
    async def scenario() -> None:
        async with running(
            bus_trigger('{"source":["shop"]}'), bus_trigger('{"source":["x"]}')
        ) as scene:
            assert scene.triggers.publish_event(EVENT) == 1
            await until(lambda: bool(scene.events))
            (event,) = scene.events
            assert event["data"] == EVENT["data"]
            assert event["aliyuneventbusname"] == "default"

    asyncio.run(scenario())


def test_topic_calls_its_subscribers_in_their_format() -> None:
    async def scenario() -> None:
        async with running(
            topic_trigger("JSON"), topic_trigger("STREAM"), topic_trigger("JSON", filterTag="no")
        ) as scene:
            assert scene.triggers.publish_topic("other", "1", {}) == 0
            assert scene.triggers.publish_topic("otp", "1", {"k": "v"}) == 2
            await until(lambda: len(scene.events) == 2)
            json_form, stream_form = scene.events
            assert (json_form["Message"], json_form["k"]) == ("1", "v")
            assert json_form["MessageMD5"] == "C4CA4238A0B923820DCC509A6F75849B"
            assert stream_form == {"body": "1", "attrs": {"k": "v"}}

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("pattern", "is_match"),
    [
        ({}, True),
        ({"data": {"amount": [1, 2]}}, True),
        ({"data": {"amount": [True]}}, False),
        ({"data": {"tags": ["a"]}}, True),
        ({"data": {"gone": [None]}}, False),
        ({"source": ["shop"], "type": ["sent"]}, False),
    ],
)
def test_pattern_compares_exactly(pattern: object, is_match: bool) -> None:
    assert read_pattern(pattern).matches(EVENT) is is_match


@pytest.mark.parametrize("pattern", [[], {"a": "b"}, {"a": []}, {"a": [{"prefix": "b"}]}])
def test_pattern_outside_of_the_subset_is_refused(pattern: object) -> None:
    with pytest.raises(PatternInvalid):
        read_pattern(pattern)


@pytest.mark.parametrize(
    "trigger",
    [
        Trigger("tick", "timer", {"cronExpression": "soon"}),
        bus_trigger("{"),
        queue_trigger(run_errorsTolerance="SOME"),
        queue_trigger(run_deadLetterQueue={"Arn": "acs:mns:r:1:/topics/dead"}),
        queue_trigger(src_QueueName=""),
    ],
)
def test_trigger_that_cannot_run_is_refused_by_name(trigger: Trigger) -> None:
    with pytest.raises(TriggerInvalid, match=f"work-fn: trigger {trigger.name}: "):
        read_rules([function(trigger)])
