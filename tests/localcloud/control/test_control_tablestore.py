"""The switches of Tablestore over the control plane, of a service that runs alone."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from infra.localcloud.control.server import ControlPlane
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.inbox.book import Inbox
from infra.localcloud.tablestore.behaviour import Behaviour
from tests.background import Background

OFF = {
    "returns_key_after_modify": False,
    "interleaves_batches": False,
    "transactions_everywhere": False,
    "index_lag_ms": 0,
    "table_operations_per_s": None,
}


async def never() -> None:
    raise AssertionError


@pytest.fixture
def behaviour() -> Behaviour:
    return Behaviour()


@pytest.fixture
def address(behaviour: Behaviour) -> Iterator[str]:
    background, cloud = Background(), Cloud()
    inbox = Inbox(cloud)
    control = ControlPlane(cloud, inbox, reset=never, behaviour=behaviour)
    background.run(control.start())
    yield f"{control.address}/tablestore"
    background.run(control.stop())
    background.close()
    inbox.close()


def test_switches_are_set_and_shown(address: str, behaviour: Behaviour) -> None:
    assert httpx.get(address, trust_env=False).json() == OFF

    order = {"interleaves_batches": True, "index_lag_ms": 250}
    shown = httpx.post(address, json=order, trust_env=False).json()

    assert shown == {**OFF, **order}
    assert (behaviour.interleaves_batches, behaviour.index_lag_ms) == (True, 250)


@pytest.mark.parametrize("order", [{"index_lag_ms": -1}, {"index_lag": 5}, {"index_lag_ms": "5"}])
def test_a_switch_that_does_not_fit_is_named(address: str, order: dict[str, object]) -> None:
    refused = httpx.post(address, json=order, trust_env=False)

    assert refused.status_code == 400
    assert next(iter(order)) in refused.text
