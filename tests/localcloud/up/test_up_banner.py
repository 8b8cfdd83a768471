"""The lines that `up` prints work as they stand when they are pasted into a shell."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra.localcloud.control.server import ControlPlane
from infra.localcloud.run.banner import banner, commands
from infra.localcloud.run.project import ApiKeys, Endpoints, Surroundings
from infra.localcloud.run.up import RunningCloud
from tests.localcloud.inbox.site import API_KEY, CODE, PHONE, InboxSite
from tests.localcloud.up.small import SmallProject


@pytest.fixture
def site() -> Iterator[InboxSite]:
    running = InboxSite()
    yield running
    running.close()


@pytest.fixture
def running(site: InboxSite, small: SmallProject, tmp_path: Path) -> Iterator[RunningCloud]:
    """A cloud of which only what the lines talk to is there."""

    async def reset() -> None:
        raise AssertionError("no line resets the cloud")

    control = ControlPlane(site.cloud, site.inbox, reset=reset)
    site.run(control.start())
    around = Surroundings(
        data=tmp_path,
        endpoints=Endpoints(site.address, "", "", "", "", ""),
        tablestore_instance="",
        account_id="",
        access_key=site.cloud.identities.root,
        api_keys=ApiKeys(API_KEY, ""),
    )
    yield RunningCloud(around, control.address, replace(small.project(), example_phone=PHONE))
    site.run(control.stop())


def test_banner_s_commands_play_the_journey(site: InboxSite, running: RunningCloud) -> None:
    shell, curl = shutil.which("sh"), shutil.which("curl")
    if not (shell and curl):
        pytest.skip("THE BANNER'S LINES ARE NOT TRIED: no curl on this machine")
    site.deliver(PHONE, f"【芝麻】验证码 {CODE}", code=CODE)
    done = subprocess.run(
        [shell, "-eu"], input=commands(running), capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    assert CODE in done.stdout
    assert '"verified": true' in done.stdout
    assert [path for path, _, _ in site.requests] == ["/v1/otp", "/v1/otp/verify"]
    assert site.requests[1][2] == {"challenge_id": "ch_1", "code": CODE}
    assert "challenge_id" in done.stderr  # the first answer is shown as well


def test_banner_says_where_everything_is_and_how_to_stop(running: RunningCloud) -> None:
    text = banner(running)
    for value in (f"{running.surroundings.endpoints.gateway}/", running.control, API_KEY):
        assert value in text
    assert "Press Ctrl-C to stop" in text


def test_banner_and_ready_file_have_the_console_s_key_where_there_is_a_console(
    running: RunningCloud,
) -> None:
    assert "Console" not in banner(running)
    assert "console_key" not in running.ready()

    around = replace(running.surroundings, api_keys=ApiKeys(API_KEY, "", console="sk_console"))
    with_console = replace(
        running, surroundings=around, project=replace(running.project, console="/console/")
    )

    text = banner(with_console)
    assert f"{around.endpoints.gateway}/console/\n" in text
    assert "Console key  sk_console\n" in text
    assert with_console.ready()["console_key"] == "sk_console"
