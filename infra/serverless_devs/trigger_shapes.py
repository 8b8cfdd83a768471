"""What a trigger may say: the tool's own schema checks nothing inside `triggerConfig`.

Casing is mixed in an EventBridge trigger (`eventSourceConfig`, but `QueueName`), as documented.
"""

from __future__ import annotations

from infra.serverless_devs.rules import FLAG, anything, list_of, one_of, short_text, text, whole
from infra.serverless_devs.shapes import Block, Choice, Items

TYPES = ("http", "timer", "mns_topic", "eventbridge", "oss", "log", "tablestore", "cdn_events")
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS")
NAME = text(r"[A-Za-z0-9_-]+", "a name of letters, digits, _ and -")

_CRON = r"@every \d+[smh]|(?:CRON_TZ=\S+ )?\S+(?: \S+){5}"
_RETRY = one_of("BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY")
_QUEUE_ARN = text(
    r"acs:mns:[^:]*:[^:]*:/queues/[^/]+", "acs:mns:<region>:<account>:/queues/<queue>"
)
_TOPIC_ARN = text(
    r"acs:mns:[^:]*:[^:]*:/topics/[^/]+", "acs:mns:<region>:<account>:/topics/<topic>"
)
_ARN = text(r"acs:[a-z0-9-]+:.*", "an ARN (acs:...)")

_HTTP = Block(
    {
        "authType": one_of("anonymous", "function", "jwt"),
        "methods": list_of(*METHODS),
        "disableURLInternet": FLAG,
        "authConfig": anything(),
        "corsConfig": anything(),
    },
    required=("authType", "methods"),
)
_TIMER = Block(
    {
        "cronExpression": text(_CRON, "'@every 5m' or six cron fields"),
        "enable": FLAG,
        "payload": short_text(131072, "a text of at most 128 KB"),
    },
    required=("cronExpression",),
)
_TOPIC = Block(
    {
        "notifyContentFormat": one_of("JSON", "STREAM"),
        "notifyStrategy": _RETRY,
        "filterTag": text(r".{1,16}", "a text of 1 to 16 characters"),
    },
    required=("notifyContentFormat", "notifyStrategy"),
)
_QUEUE_SOURCE = Block(
    {"RegionId": text(), "QueueName": text(), "IsBase64Decode": FLAG},
    required=("RegionId", "QueueName"),
)
_SOURCES = Block(
    {
        "sourceMNSParameters": _QUEUE_SOURCE,
        "sourceRocketMQParameters": anything(),
        "sourceRabbitMQParameters": anything(),
        "sourceKafkaParameters": anything(),
        "sourceMQTTParameters": anything(),
        "sourceDTSParameters": anything(),
    }
)
_RUN = Block(
    {
        "mode": one_of("event-streaming", "event-driven"),
        "errorsTolerance": one_of("ALL", "NONE"),
        "retryStrategy": Block({"PushRetryStrategy": _RETRY}, required=("PushRetryStrategy",)),
        "deadLetterQueue": Block({"Arn": _QUEUE_ARN}, required=("Arn",)),
        "batchWindow": Block(
            {"CountBasedWindow": whole(1, 10000), "TimeBasedWindow": whole(0, 15)},
        ),
    }
)
_BRIDGE = Block(
    {
        "triggerEnable": FLAG,
        "asyncInvocationType": FLAG,
        "eventRuleFilterPattern": text(),
        "eventSourceConfig": Block(
            {
                "eventSourceType": one_of(
                    "Default", "MNS", "RocketMQ", "RabbitMQ", "Kafka", "MQTT", "DTS"
                ),
                "eventSourceParameters": _SOURCES,
            },
            required=("eventSourceType",),
        ),
        "eventSinkConfig": Block(
            {"deliveryOption": Block({"eventSchema": one_of("CloudEvents", "RawData")})}
        ),
        "runOptions": _RUN,
    },
    required=("eventSourceConfig",),
)

_TRIGGER = Choice(
    Block(
        {
            "triggerName": text(),
            "triggerType": one_of(*TYPES),
            "triggerConfig": anything(),
            "qualifier": text(),
            "description": text(),
            "invocationRole": text(),
            "sourceArn": _ARN,
        },
        required=("triggerName", "triggerType", "triggerConfig"),
    ),
    kind="triggerType",
    config="triggerConfig",
    shapes={"http": _HTTP, "timer": _TIMER, "mns_topic": _TOPIC, "eventbridge": _BRIDGE},
)
TRIGGERS = Items(_TRIGGER)
TOPIC_ARN = Block({"sourceArn": _TOPIC_ARN}, required=("sourceArn",))
"""What a topic's trigger has to say besides."""
