"""Snapshots over the control plane: what every service kept comes back, and nothing else."""

from __future__ import annotations

import json
import shutil
import urllib.request
from pathlib import Path

import pytest

from infra.localcloud.core.snapshots import SnapshotRefused, Snapshots
from infra.localcloud.run.bare import BareOptions, bare_cloud
from infra.localcloud.testing import CallRefused, LocalCloud, mock_aliyun
from infra.localcloud.testing.loop import LoopThread
from tests.localcloud.testing.clients import (
    PHONE,
    has_row,
    make_queue,
    make_role,
    make_table,
    make_template,
    message_bodies,
    put_message,
    put_row,
    role_names,
    send,
    template_status,
)

SERVICES = ("tablestore", "dysmsapi", "sts", "smq", "ram")


@pytest.fixture
def cloud():
    with mock_aliyun(SERVICES, sets_environment=False) as running:
        yield running


def test_snapshot_brings_back_what_each_service_kept(cloud: LocalCloud) -> None:
    make_table(cloud)
    put_row(cloud, "before")
    make_queue(cloud)
    put_message(cloud, "before")
    code = make_template(cloud)
    make_role(cloud, "before")
    send(cloud, "111111")
    provider = {"name": "ci", "issuer": "https://ci.example.com", "client_ids": ["sesame"]}
    cloud.ask("POST", "/oidc-providers", provider)
    cloud.advance(1000)

    name = cloud.snapshot("start")
    put_row(cloud, "after")
    put_message(cloud, "after")
    cloud.approve_template(code)
    make_role(cloud, "after")
    send(cloud, "222222")
    cloud.ask("DELETE", "/oidc-providers/ci")
    cloud.advance(5000)
    cloud.restore(name)

    assert has_row(cloud, "before")
    assert not has_row(cloud, "after")
    assert message_bodies(cloud) == ["before"]
    assert template_status(cloud, code) == "0"
    assert role_names(cloud) == ["before"]
    assert [message["params"]["code"] for message in cloud.messages(PHONE)] == ["111111"]
    assert [each["name"] for each in cloud.ask("GET", "/oidc-providers")["oidc_providers"]] == [
        "ci"
    ]
    assert cloud.ask("GET", "/clock")["offset_s"] == 1000


def test_snapshot_can_be_gone_back_to_more_than_once(cloud: LocalCloud) -> None:
    make_table(cloud)
    name = cloud.snapshot()

    for key in ("a", "b"):
        put_row(cloud, key)
        cloud.restore(name)
        assert not has_row(cloud, key)
    put_row(cloud, "c")
    assert has_row(cloud, "c"), "it is a live cloud, not a picture of one"


def test_restore_remembers_what_limits_count(cloud: LocalCloud) -> None:
    assert send(cloud) == "OK"
    name = cloud.snapshot()
    cloud.advance(61)
    assert send(cloud) == "OK"
    cloud.restore(name)

    assert send(cloud) == "isv.BUSINESS_LIMIT_CONTROL"


def test_restore_drops_faults_and_the_meter(cloud: LocalCloud) -> None:
    name = cloud.snapshot()
    cloud.fail("dysmsapi", "SendSms", "error:isp.SYSTEM_ERROR")
    cloud.restore(name)

    assert cloud.ask("GET", "/faults") == {"faults": []}
    assert cloud.meter() == []


def test_snapshots_are_listed_oldest_first_and_forgotten(cloud: LocalCloud) -> None:
    cloud.snapshot("b")
    cloud.advance(-100)
    cloud.snapshot("a")

    listed = cloud.ask("GET", "/snapshots")["snapshots"]
    assert [each["name"] for each in listed] == ["b", "a"]
    assert [each["offset_s"] for each in listed] == [0, -100]
    assert all(each["size_bytes"] > 0 for each in listed)
    left = cloud.ask("DELETE", "/snapshots/b")["snapshots"]
    assert [each["name"] for each in left] == ["a"]
    with pytest.raises(CallRefused, match="no snapshot"):
        cloud.restore("b")


def test_snapshot_without_a_name_gets_one(cloud: LocalCloud) -> None:
    assert cloud.snapshot() == "snapshot-1"
    assert cloud.snapshot() == "snapshot-2"
    assert cloud.ask("POST", "/snapshots")["name"] == "snapshot-3"


def test_snapshot_survives_a_reset(cloud: LocalCloud) -> None:
    send(cloud)
    name = cloud.snapshot()
    cloud.reset()
    assert cloud.messages() == []
    cloud.restore(name)
    assert len(cloud.messages()) == 1


@pytest.mark.parametrize(
    "name", ["", "..", "a/b", ".hidden", "x" * 65, "a b", "\u00e9", "-dash-first"]
)
def test_snapshot_refuses_a_name_that_is_none(cloud: LocalCloud, name: str) -> None:
    with pytest.raises(CallRefused, match="name"):
        cloud.snapshot(name)


def test_snapshot_refuses_a_name_that_is_taken(cloud: LocalCloud) -> None:
    cloud.snapshot("one")
    with pytest.raises(CallRefused, match="already"):
        cloud.snapshot("one")


def test_cloud_that_keeps_nothing_says_so() -> None:
    with LoopThread() as loop:
        context = bare_cloud(BareOptions(("sts",)))
        bare = loop.run(context.__aenter__())
        request = urllib.request.Request(bare.control + "/snapshots")
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
        with caught.value as error:
            told = json.loads(error.read())
        loop.run(context.__aexit__(None, None, None))

    assert (caught.value.code, told["code"]) == (409, "conflict")
    assert "--data" in told["title"]


def test_restore_that_a_crash_cut_off_is_finished(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("then")
    (tmp_path / "lock").write_text("4711")
    snapshots = Snapshots(tmp_path)
    snapshots.take("one", taken_at=0, offset_s=0)
    (tmp_path / "kept").unlink()
    (tmp_path / "half").write_text("written")
    (tmp_path / "snapshots" / ".restoring").write_text("one")

    Snapshots(tmp_path).finish()

    assert sorted(each.name for each in tmp_path.iterdir()) == ["kept", "lock", "snapshots"]
    assert (tmp_path / "kept").read_text() == "then"
    Snapshots(tmp_path).finish()


def test_snapshot_that_a_crash_cut_off_is_none(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    (tmp_path / "snapshots" / ".one.draft" / "files").mkdir(parents=True)
    assert snapshots.all() == []
    assert not snapshots.has("one")

    snapshots.take("one", taken_at=0, offset_s=0)

    assert [each.name for each in snapshots.all()] == ["one"]
    with pytest.raises(SnapshotRefused):
        snapshots.remove(".one.draft")


def test_snapshot_is_for_its_owner_alone(cloud: LocalCloud, tmp_path: Path) -> None:
    with mock_aliyun("sts", data=tmp_path / "data", sets_environment=False) as kept:
        kept.snapshot("one")
    files = tmp_path / "data" / "snapshots" / "one" / "files"
    assert (files / "root-key.json").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    shutil.rmtree(tmp_path / "data")
