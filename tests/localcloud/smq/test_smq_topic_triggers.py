"""A message published over SMQ's own protocol reaches the functions that subscribe to its topic."""

from __future__ import annotations

import asyncio

from mns.account import Account
from mns.message_property import MessagePropertyValue
from mns.topic import TopicMessage

from infra.localcloud.core.wire import WireServer
from infra.localcloud.smq.service import SmqService
from infra.serverless_devs.manifest import Trigger
from tests.localcloud.eventbridge.recorded import running, until


def topic_trigger(**config: object) -> Trigger:
    arn = "acs:mns:cn-hangzhou:123:/topics/otp"
    return Trigger("topic", "mns_topic", {"notifyContentFormat": "JSON", **config}, arn)


def test_published_message_calls_the_functions_of_its_topic_and_tag() -> None:
    async def scenario() -> None:
        async with running(topic_trigger(), topic_trigger(filterTag="other")) as scene:
            smq = SmqService(scene.cloud)
            smq.listen(
                lambda it: scene.triggers.publish_topic(
                    it.topic, it.body, it.attributes, tag=it.tag
                ),
                topics=["otp"],
            )
            server = await WireServer(smq, scene.cloud).start()
            root = scene.cloud.identities.root
            account = Account(server.endpoint, root.access_key_id, root.access_key_secret)
            message = TopicMessage("hello", "paid")
            message.add_user_property("order", MessagePropertyValue.create_string("A1"))

            await asyncio.to_thread(account.get_topic("otp").publish_message, message)
            await until(lambda: bool(scene.events))

            account.mns_client.close_connection()
            await server.stop()
            smq.close()
            (event,) = scene.events
            assert (event["Message"], event["TopicName"]) == ("hello", "otp")
            assert event["order"] == "A1"

    asyncio.run(scenario())
