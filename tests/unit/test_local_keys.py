"""What a local cloud keeps in its folder, from version to version."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from infra.project import PROJECT

FIRST = {
    "default_key": "sk_default",
    "second_key": "sk_second",
    "otp_key": "b3Rw",
    "pseudonym_key": "cHNl",
}


def test_a_folder_of_an_earlier_version_keeps_its_keys_and_gains_the_console_s(
    tmp_path: Path,
) -> None:
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps({**FIRST, "record_key": "cmVj", "token_key": "00"}))

    keys = PROJECT.api_keys(tmp_path)

    assert (keys.default, keys.second) == ("sk_default", "sk_second")
    assert keys.console.startswith("sk_")
    kept = json.loads(file.read_text())
    assert kept == {**kept, **FIRST, "record_key": "cmVj", "token_key": "00"}
    assert len(kept["session_key"]) == 44
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert PROJECT.api_keys(tmp_path) == keys
