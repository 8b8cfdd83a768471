"""Publishing over the control plane."""

from __future__ import annotations

import asyncio

import httpx

from infra.localcloud.control.server import ControlPlane
from infra.localcloud.inbox.book import Inbox
from tests.localcloud.eventbridge.recorded import running, until
from tests.localcloud.eventbridge.test_eventbridge_publishing import bus_trigger, topic_trigger


def test_control_plane_publishes_events_and_topic_messages() -> None:
    async def scenario() -> None:
        async with running(bus_trigger("{}"), topic_trigger("JSON")) as scene:
            inbox = Inbox(scene.cloud)
            plane = ControlPlane(
                scene.cloud, inbox, reset=scene.triggers.reset, publisher=scene.triggers
            )
            await plane.start()
            async with httpx.AsyncClient(base_url=plane.address, trust_env=False) as http:
                event = {"id": "1", "source": "shop", "type": "paid", "extra": "x"}
                assert (await http.post("/events", json=event)).json() == {"matched": 1}
                message = {"topic": "otp", "message": "hi"}
                assert (await http.post("/topics", json=message)).json() == {"matched": 1}
                refused = await http.post("/topics", json={**message, "extra": 1})
                assert refused.status_code == 400
                assert (await http.post("/events", json={"id": 1})).status_code == 400
            await until(lambda: len(scene.events) == 2)
            assert {event.get("extra") for event in scene.events} == {"x", None}
            await plane.stop()
            inbox.close()

    asyncio.run(scenario())
