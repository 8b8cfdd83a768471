"""What the contracts run against: row stores, in memory and on the wire, the SMS provider, and the
places of the contracts that both clouds keep.

With `LIVE=1` the real cloud is among them; see live.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from infra.localcloud.testing import LocalCloud, mock_aliyun
from infra.tables import apply_tables
from shared.aliyun.credentials import bind_credentials
from shared.aliyun.tablestore import TablestoreRows
from shared.phone_parser import parse_phone
from shared.rows import RowStore
from tests.contract.live import (
    LeftOut,
    LiveMisconfigured,
    LiveTablestore,
    Sending,
    is_asked_for,
    make_empty,
    read_queues,
    read_sms,
    read_sts,
    read_tablestore,
)
from tests.contract.places import (
    QueuePlace,
    SmsPlace,
    StsPlace,
    TablePlace,
    live_wait,
    local_queues,
    local_sms,
    local_sts,
    local_tables,
    over_budget,
)
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.row_stores import credentials_of, rows_on
from tests.localcloud.dysmsapi.running import RunningDysmsapi
from tests.localcloud.tablestore.tablestore_server import RunningTablestore

CODECS = {"tablestore-python-codec": False, "tablestore-default-codec": True}
LIVE = {f"live-{codec}": native for codec, native in CODECS.items()}
IS_LIVE = is_asked_for(os.environ)
PLACES = ["local", "live"] if IS_LIVE else ["local"]
TRIAL = Sending(parse_phone("+8613800138000"), "阿里云短信测试", "SMS_154950909")
"""What the local cloud's SMS service knows from the start."""
Part = TypeVar("Part")


@pytest.fixture(params=["memory", *CODECS, *(LIVE if IS_LIVE else {})])
def rows(request: pytest.FixtureRequest) -> RowStore:
    if request.param == "memory":
        return MemoryRows()
    if request.param in LIVE:
        live: LiveTablestore = request.getfixturevalue("live_tablestore")
        native = LIVE[request.param]
        return TablestoreRows(endpoint=live.endpoint, instance=live.instance, native=native)
    server: RunningTablestore = request.getfixturevalue("tablestore")
    return rows_on(server, native=CODECS[request.param])


@pytest.fixture
def live_tablestore() -> Iterator[LiveTablestore]:
    """The real instance, empty."""
    live = _wanted(read_tablestore)
    make_empty(live.client())
    bind_credentials(live.key)
    yield live
    bind_credentials(None)


@pytest.fixture
def provider(no_proxies: None) -> Iterator[RunningDysmsapi]:
    running = RunningDysmsapi()
    bind_credentials(credentials_of(running.cloud.identities.root))
    yield running
    bind_credentials(None)
    running.stop()


@pytest.fixture(scope="session")
def local_cloud() -> Iterator[LocalCloud]:
    """One local cloud for the contracts that both clouds keep. Its meter counts what they cost,
    and the last of their tests ends in an error if that is too much.
    """
    services = ("tablestore", "dysmsapi", "smq", "sts")
    with mock_aliyun(services, sets_environment=False) as cloud:
        yield cloud
        assert over_budget(cloud) == {}


@pytest.fixture(params=PLACES)
def tables(request: pytest.FixtureRequest) -> TablePlace:
    """An instance with the product's tables."""
    place = (
        local_tables(_local(request))
        if request.param == "local"
        else TablePlace(live_wait, _wanted(read_tablestore))
    )
    apply_tables(place.instance.client())
    return place


@pytest.fixture(params=PLACES)
def queues(request: pytest.FixtureRequest) -> Iterator[QueuePlace]:
    place = (
        local_queues(_local(request))
        if request.param == "local"
        else QueuePlace(live_wait, _wanted(read_queues), 1)
    )
    bind_credentials(place.service.key)
    yield place
    bind_credentials(None)


@pytest.fixture(params=PLACES)
def sms(request: pytest.FixtureRequest) -> Iterator[SmsPlace]:
    place = (
        local_sms(_local(request), TRIAL)
        if request.param == "local"
        else SmsPlace(live_wait, _wanted(read_sms))
    )
    bind_credentials(place.service.key)
    yield place
    bind_credentials(None)


@pytest.fixture(params=PLACES)
def sts(request: pytest.FixtureRequest) -> Iterator[StsPlace]:
    place = (
        local_sts(_local(request))
        if request.param == "local"
        else StsPlace(live_wait, _wanted(read_sts))
    )
    bind_credentials(place.service.key)
    yield place
    bind_credentials(None)


def _local(request: pytest.FixtureRequest) -> LocalCloud:
    request.getfixturevalue("no_proxies")
    cloud: LocalCloud = request.getfixturevalue("local_cloud")
    # What a test waited for is taken back: all of them share its clock.
    request.addfinalizer(lambda: cloud.advance(-cloud.ask("GET", "/clock")["offset_s"]))
    return cloud


def _wanted(read: Callable[..., Part]) -> Part:
    """A part of the real cloud, or a loud skip."""
    try:
        return read(os.environ)
    except LeftOut as left_out:
        pytest.skip(str(left_out))
    except LiveMisconfigured as problem:
        # Without a traceback: pytest would show the environment in it.
        pytest.fail(str(problem), pytrace=False)
