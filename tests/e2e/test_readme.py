"""The README's lines work as they stand, and its tables say what the code says."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from infra.background_cloud import BackgroundCloud
from shared import settings
from shared.fc.responses import STATUS
from shared.otp.policy_file import load_policies
from shared.settings import BaseSettings
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONFIGURATION = (ROOT / "infra" / "docs" / "configuration.md").read_text(encoding="utf-8")
SETTINGS = [
    kind
    for kind in vars(settings).values()
    if isinstance(kind, type) and issubclass(kind, BaseSettings) and kind is not BaseSettings
]


def block_after(heading: str) -> str:
    found = re.search(rf"^## {heading}$.*?```sh\n(.*?)```", README, re.DOTALL | re.MULTILINE)
    assert found, heading
    return found[1]


def test_the_lines_under_try_it_play_the_journey(cloud: BackgroundCloud, tmp_path: Path) -> None:
    """Only the address differs: the tests' cloud takes a free port."""
    phone = "+8613700137000"
    script = (
        block_after("Try it")
        .replace("http://127.0.0.1:8080", cloud.ready["gateway"])
        .replace("+8613800138000", phone)
        .replace("/tmp/challenge.json", str(tmp_path / "challenge.json"))
    )
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "ready.json").write_text(json.dumps(cloud.ready))

    done = subprocess.run(
        ["bash", "-eu", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers[0]["code_length"] == 6
    assert answers[1][0]["phone"] == phone
    assert answers[2]["verified"] is True
    assert answers[3]["code"] == "otp_invalid"


def test_the_lines_for_a_notification_show_its_life(cloud: BackgroundCloud, tmp_path: Path) -> None:
    section = README.partition("## Try it")[2].partition("\n## ")[0]
    codes, notification, *_ = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    script = (
        ("\n".join(codes.splitlines()[:3]) + "\n" + notification)
        .replace("http://127.0.0.1:8080", cloud.ready["gateway"])
        .replace("+8613800138001", "+8613700137001")
        .replace("/tmp/message.json", str(tmp_path / "message.json"))
    )
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "ready.json").write_text(json.dumps(cloud.ready))

    done = subprocess.run(
        ["bash", "-eu", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    accepted, message = (json.loads(line) for line in done.stdout.splitlines() if line)
    assert accepted["message_id"] == message["message_id"]
    assert message["status"] in ("queued", "sending", "sent", "delivered")

    def life() -> object:
        found = cloud.post("/v1/messages/search", {"phone": "+8613700137001"})
        return found.json()["messages"][0]["status"]

    wait_until(lambda: life() == "delivered")


def test_every_make_target_in_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", README, re.MULTILINE))

    assert named >= {"up", "demo", "package"}
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in named)


@pytest.mark.parametrize("kind", SETTINGS)
def test_every_setting_stands_in_the_table(kind: type[BaseSettings]) -> None:
    for field in kind.model_fields.values():
        default = f"`{field.default}`" if isinstance(field.default, str) and field.default else ""
        row = re.search(rf"^\| `{field.alias}` \|.*\| *(.*?) *\|$", CONFIGURATION, re.MULTILINE)
        assert row, field.alias
        assert row[1] == default, field.alias


def test_every_error_code_stands_in_the_table() -> None:
    for code, status in STATUS.items():
        rows = [line for line in README.splitlines() if f"`{code}`" in line]
        assert any(str(status) in row.split("|")[1] for row in rows if "|" in row), code


def test_every_purpose_is_named() -> None:
    assert all(f"`{purpose}`" in README for purpose in load_policies())
