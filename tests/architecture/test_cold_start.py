"""What a cold start loads, in a fresh interpreter over the packaged folder and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.package import build

ROOT = Path(__file__).resolve().parents[2]
KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
ENVIRONMENT = {
    "TABLESTORE_ENDPOINT": "http://127.0.0.1:9",
    "TABLESTORE_INSTANCE": "sesame",
    "OTP_KEYS": f"1:{KEY}",
    "PSEUDONYM_KEY": KEY,
    "API_KEYS": "shop:" + "a" * 64,
    "SMS_SIGN_NAME": "Sesame",
    "SMS_ENDPOINT": "http://127.0.0.1:9",
    "OTP_TEMPLATES": '{"login": {"domestic": "SMS_1"}}',
    "STAGE": "dev",
    "SMQ_ENDPOINT": "http://127.0.0.1:9",
    "CONSOLE_KEY": KEY,
}
PROBE = """
import json, sys
sys.path[:0] = sys.argv[1:]
import index
class Context:
    request_id = "probe"
index.initialize(Context())
print(json.dumps(sorted(sys.modules)))
"""
# Counted on 3.10 to 3.13, and a tenth of room; a dependency that brings more must be noticed.
CEILINGS = {"request_otp": 1000, "verify_otp": 560, "describe_api": 330, "show_console": 870}
NEVER = {"numpy", "boto3", "aiohttp.client", "apscheduler.schedulers.base", "cryptography.x509"}
SENDING_ONLY = {
    "alibabacloud_dysmsapi20170525",
    "alibabacloud_credentials",
    "requests",
    "phonenumbers",
}


@pytest.fixture(scope="module")
def packaged() -> Path:
    build(target="here", out=ROOT / "build" / "local")
    return ROOT / "build" / "local" / "functions"


def loaded(folder: Path) -> set[str]:
    """The modules in memory once the function is ready for its first request."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROBE, str(folder), str(folder / "python")],
        env={**ENVIRONMENT, "FC_FUNC_CODE_PATH": str(folder), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("function", sorted(CEILINGS))
def test_a_function_loads_no_more_than_its_share(packaged: Path, function: str) -> None:
    modules = loaded(packaged / function)

    assert not modules & NEVER
    assert len(modules) <= CEILINGS[function], len(modules)


def test_verify_never_loads_what_only_sending_needs(packaged: Path) -> None:
    assert not loaded(packaged / "verify_otp") & SENDING_ONLY


def test_the_console_loads_charts_with_the_first_page_that_has_some(packaged: Path) -> None:
    assert not loaded(packaged / "show_console") & {"pygal", "alibabacloud_dysmsapi20170525"}


def test_describe_loads_no_sdk_at_all(packaged: Path) -> None:
    assert not loaded(packaged / "describe_api") & (SENDING_ONLY | {"tablestore", "urllib3"})


@pytest.mark.parametrize("function", sorted(CEILINGS))
def test_nothing_unwanted_is_in_the_folder(packaged: Path, function: str) -> None:
    names = {path.name for path in (packaged / function / "python").iterdir()}

    assert not names & {"numpy", "boto3", "botocore"}
    assert not any(path.name == "infra" for path in (packaged / function).iterdir())
