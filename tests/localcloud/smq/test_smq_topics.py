"""Topics and subscriptions of SMQ through the unmodified SDK."""

from __future__ import annotations

import pytest
from mns.mns_exception import MNSServerException
from mns.subscription import SubscriptionMeta
from mns.topic import TopicMessage, TopicMeta

from infra.localcloud.core.faults import Fault
from infra.localcloud.core.identities import ACCOUNT_ID

QUEUE = f"acs:mns:cn-hangzhou:{ACCOUNT_ID}:queues/jobs"


def refusal(call, *arguments: object) -> tuple[str, str]:
    with pytest.raises(MNSServerException) as refused:
        call(*arguments)
    return refused.value.type, refused.value.message


def test_topic_has_the_documented_defaults_and_what_was_set(smq):
    topic = smq.account().get_topic("news")

    assert topic.create(TopicMeta()) == f"{smq.endpoint}/topics/news"
    fresh = topic.get_attributes()
    topic.set_attributes(TopicMeta(maximum_message_size=2048, logging_enabled=True))
    changed = topic.get_attributes()

    assert (fresh.topic_name, fresh.maximum_message_size, fresh.logging_enabled) == (
        "news",
        65_536,
        False,
    )
    assert (fresh.message_retention_period, fresh.message_count) == (86_400, 0)
    assert (changed.maximum_message_size, changed.logging_enabled) == (2048, True)
    assert changed.create_time == fresh.create_time <= changed.last_modify_time


def test_topic_is_made_again_only_as_it_is(smq):
    topic = smq.topic()

    topic.create(TopicMeta())

    assert refusal(topic.create, TopicMeta(maximum_message_size=1024))[0] == "TopicAlreadyExist"


def test_topic_that_is_not_there_is_refused_and_deleted_in_peace(smq):
    topic = smq.account().get_topic("nothing")
    subscription = topic.get_subscription("mine")

    for call, arguments in (
        (topic.get_attributes, ()),
        (topic.set_attributes, (TopicMeta(),)),
        (topic.publish_message, (TopicMessage("x"),)),
        (topic.list_subscription, ()),
        (subscription.subscribe, (SubscriptionMeta(QUEUE),)),
        (subscription.get_attributes, ()),
    ):
        assert refusal(call, *arguments) == (
            "TopicNotExist",
            "The topic you provided does not exist.",
        )
    topic.delete()
    subscription.unsubscribe()


@pytest.mark.parametrize("size", [1023, 65_537])
def test_topic_refuses_a_size_out_of_bounds(smq, size):
    create = smq.account().get_topic("news").create

    assert refusal(create, TopicMeta(maximum_message_size=size)) == (
        "InvalidArgument",
        "The value of MaximumMessageSize should between 1024 and 65536.",
    )


def test_topic_names_of_other_characters_are_refused(smq):
    assert refusal(smq.account().get_topic("-news").create, TopicMeta())[0] == "InvalidArgument"


def test_topics_are_listed_a_page_at_a_time(smq):
    for name in ("a-1", "a-2", "a-3", "b-1"):
        smq.topic(name)

    urls, marker = smq.account().list_topic(prefix="a-", ret_number=2)
    rest, end = smq.account().list_topic(prefix="a-", ret_number=2, marker=marker)

    assert urls == [f"{smq.endpoint}/topics/a-1", f"{smq.endpoint}/topics/a-2"]
    assert (rest, end) == ([f"{smq.endpoint}/topics/a-3"], "")


def test_subscription_is_kept_as_it_was_made(smq):
    subscription = smq.topic().get_subscription("mine")

    url = subscription.subscribe(SubscriptionMeta(QUEUE, filter_tag="paid"))
    fresh = subscription.get_attributes()
    subscription.set_attributes(SubscriptionMeta(notify_strategy="EXPONENTIAL_DECAY_RETRY"))

    assert url == f"{smq.endpoint}/topics/news/subscriptions/mine"
    assert (fresh.topic_owner, fresh.topic_name, fresh.subscription_name) == (
        ACCOUNT_ID,
        "news",
        "mine",
    )
    assert (fresh.endpoint, fresh.filter_tag) == (QUEUE, "paid")
    assert (fresh.notify_strategy, fresh.notify_content_format) == ("BACKOFF_RETRY", "XML")
    assert subscription.get_attributes().notify_strategy == "EXPONENTIAL_DECAY_RETRY"


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:9/",
        "https://example.com/",
        "mail:directmail:a@example.com",
        "sms:directsms:anonymous",
    ],
)
def test_other_endpoints_than_queues_can_subscribe(smq, endpoint):
    subscription = smq.topic().get_subscription("other")
    subscription.subscribe(SubscriptionMeta(endpoint))

    assert subscription.get_attributes().endpoint == endpoint


def test_subscription_is_made_again_only_as_it_is(smq):
    subscription = smq.topic().get_subscription("mine")
    subscription.subscribe(SubscriptionMeta(QUEUE))
    subscription.subscribe(SubscriptionMeta(QUEUE))

    code, _ = refusal(subscription.subscribe, SubscriptionMeta(QUEUE, filter_tag="other"))

    assert code == "SubscriptionAlreadyExist"


def test_subscription_goes_with_unsubscribe_and_with_its_topic(smq):
    topic = smq.topic()
    first, second = topic.get_subscription("first"), topic.get_subscription("second")
    for each in (first, second):
        each.subscribe(SubscriptionMeta(QUEUE))

    first.unsubscribe()
    assert refusal(first.get_attributes)[0] == "SubscriptionNotExist"
    assert topic.list_subscription() == ([f"{smq.endpoint}/topics/news/subscriptions/second"], "")
    topic.delete()
    topic.create(TopicMeta())
    assert topic.list_subscription() == ([], "")


@pytest.mark.parametrize(
    "meta",
    [
        SubscriptionMeta(""),
        SubscriptionMeta("ftp://127.0.0.1/"),
        SubscriptionMeta("acs:mns:cn-hangzhou:1:topics/x"),
        SubscriptionMeta(QUEUE, notify_strategy="NEVER"),
        SubscriptionMeta(QUEUE, notify_content_format="YAML"),
    ],
    ids=["no endpoint", "ftp", "a topic", "strategy", "format"],
)
def test_subscription_that_cannot_be_is_refused(smq, meta):
    subscribe = smq.topic().get_subscription("mine").subscribe

    assert refusal(subscribe, meta)[0] == "InvalidArgument"


def test_message_that_cannot_be_is_refused(smq):
    topic = smq.topic()
    topic.set_attributes(TopicMeta(maximum_message_size=1024))

    assert refusal(topic.publish_message, TopicMessage("x" * 1025))[0] == "InvalidArgument"


def test_topics_outlive_a_restart_and_a_reset(start, tmp_path):
    first = start(tmp_path)
    first.topic().get_subscription("mine").subscribe(SubscriptionMeta(QUEUE))
    first.service.reset()

    again = start(tmp_path)

    urls, _ = again.account().get_topic("news").list_subscription()
    assert urls == [f"{again.endpoint}/topics/news/subscriptions/mine"]


def test_faults_meet_topics_too(smq):
    topic = smq.topic()
    smq.cloud.faults.add(Fault("smq", "PublishMessage", "error:InternalError", 1))

    assert refusal(topic.publish_message, TopicMessage("x"))[0] == "InternalError"
    topic.publish_message(TopicMessage("x"))
