"""An operator's keys: shown once, on record as hashes, and what a rehearsal leaves alone."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from infra.tenants.__main__ import main
from infra.tenants.registry import USUAL, HeldKey, Registry, RegistryFile, RegistryInvalid
from shared.access.api_keys import ApiKeys, hash_key
from shared.errors import Forbidden
from shared.settings import AccessSettings, read_settings
from tests.fakes.hands import HandClock


class Desk:
    """An operator at a shell with one file."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = folder / "tenants.json"
        self._capsys = capsys
        self.out = self.err = ""

    def run(self, *arguments: str) -> int:
        code = main([*arguments, "--file", str(self.path)], {}, clock=HandClock())
        self.out, self.err = self._capsys.readouterr()
        return code

    def made(self, *arguments: str) -> str:
        assert self.run(*arguments) == 0, self.err
        return self.out.strip()

    def keys(self) -> ApiKeys:
        """As the functions read what `setting` prints."""
        assert self.run("setting") == 0, self.err
        name, _, value = self.out.strip().partition("=")
        assert name == "SESAME_API_KEYS"
        (settings,) = read_settings({"API_KEYS": value}, AccessSettings)
        return ApiKeys(settings.hashed_keys, settings.key_scopes)


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def test_a_key_is_shown_once_and_only_its_hash_is_kept(desk: Desk) -> None:
    key = desk.made("add", "shop")

    assert key.startswith("sk_")
    assert len(key) > 40
    assert key not in desk.path.read_text()
    assert hash_key(key) in desk.path.read_text()
    assert stat.S_IMODE(desk.path.stat().st_mode) == 0o600
    assert desk.keys().caller(f"Bearer {key}", scope="admin").tenant == "shop"
    desk.run("list")
    assert key not in desk.out
    assert hash_key(key)[:12] in desk.out


def test_a_limited_key_is_limited_where_it_is_read(desk: Desk) -> None:
    key = desk.made("add", "shop", "--scopes", "otp:verify+otp:request")

    assert desk.keys().scopes == {hash_key(key): {"otp:request", "otp:verify"}}


def test_a_rotation_puts_a_key_like_the_newest_beside_it(desk: Desk) -> None:
    old = desk.made("add", "shop", "--scopes", "otp:request")

    new = desk.made("rotate", "shop")

    assert f"revoke {hash_key(old)[:12]}" in desk.err
    keys = desk.keys()
    for key in (old, new):
        assert keys.caller(f"Bearer {key}", scope="otp:request").tenant == "shop"
        assert keys.scopes[hash_key(key)] == {"otp:request"}


def test_scopes_are_changed_from_the_next_deployment_on(desk: Desk) -> None:
    key = desk.made("add", "shop")

    assert desk.run("scopes", hash_key(key)[:12], "read+notify") == 0
    assert desk.keys().scopes == {hash_key(key): {"notify", "read"}}
    assert desk.run("scopes", hash_key(key), "all") == 0
    assert desk.keys().scopes == {}


def test_a_key_that_is_in_use_is_taken_on_by_its_hash(desk: Desk) -> None:
    digest = hash_key("sk_in_use_already_for_a_year")

    assert desk.made("add", "shop", "--hash", digest) == ""
    assert desk.keys().tenants == {digest: "shop"}
    assert desk.run("add", "other", "--hash", digest) == 1
    assert "already" in desk.err


@pytest.mark.parametrize(
    "arguments",
    [("add", "shop"), ("rotate", "shop"), ("scopes", "0" * 12, "read"), ("revoke", "0" * 12)],
)
def test_a_rehearsal_says_what_would_be_done_and_does_nothing(
    desk: Desk, arguments: tuple[str, ...]
) -> None:
    desk.made("add", "shop", "--hash", "0" * 64)
    before = desk.path.read_bytes()

    assert desk.run(*arguments, "--dry-run") == 0

    assert desk.out == "", "a rehearsal made a key"
    assert desk.err.startswith("would ")
    assert desk.path.read_bytes() == before


def test_a_rehearsal_makes_no_file(desk: Desk) -> None:
    assert desk.run("add", "shop", "--dry-run") == 0
    assert not desk.path.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "Shop"), "a tenant is"),
        (("add", "shop", "--scopes", "otp"), "scopes are"),
        (("add", "shop", "--scopes", "read+read"), "scopes are"),
        (("add", "shop", "--hash", "xyz"), "a hash is"),
        (("rotate", "shop"), "no key that could be rotated"),
        (("scopes", "0" * 12, "read"), "no such key"),
        (("scopes", "sk_secret_text", "read"), "first 8 to 64 hex digits"),
        (("revoke", "0" * 12), "no key"),
        (("revoke",), "say which"),
        (("revoke", "0" * 12, "--tenant", "shop"), "say which"),
        (("revoke", "--tenant", "shop"), "no keys on record"),
        (("revoke", "0" * 64), "SESAME_TABLESTORE_ENDPOINT is not set"),
        (("setting",), "no key that is not revoked"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    desk: Desk, arguments: tuple[str, ...], said: str
) -> None:
    assert desk.run(*arguments) == 1

    assert said in desk.err
    assert len(desk.err.splitlines()) == 1
    assert "secret" not in desk.err
    assert not desk.path.exists()


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"keys": [1]}', '{"keys": [{"tenant": "shop"}]}', "\udcff"],
)
def test_a_file_that_is_no_registry_is_named_and_left_alone(desk: Desk, content: str) -> None:
    desk.path.write_bytes(content.encode("utf-8", "surrogateescape"))

    assert desk.run("add", "shop") == 1

    assert "tenants.json: not a registry" in desk.err
    assert desk.path.read_bytes() == content.encode("utf-8", "surrogateescape")


def test_a_file_that_someone_else_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    file = RegistryFile(tmp_path / "tenants.json")
    key = HeldKey("shop", "0" * 64, USUAL, "2027-01-15T08:00:00Z")
    _, was = file.load()
    file.save(Registry((key,)), was=was)

    with pytest.raises(RegistryInvalid, match="someone else"):
        file.save(Registry(), was=was)

    assert file.load()[0].keys == (key,)
    assert [path.name for path in tmp_path.iterdir()] == ["tenants.json"]


def test_a_hash_that_several_keys_begin_with_names_none(desk: Desk) -> None:
    for tail in "01":
        desk.made("add", "shop", "--hash", "a" * 63 + tail)

    assert desk.run("scopes", "a" * 12, "read") == 1
    assert "several keys" in desk.err


def test_the_size_of_the_environment_is_watched(desk: Desk) -> None:
    def fill(count: int) -> None:
        keys = [
            HeldKey("shop", hash_key(str(number)), USUAL, "2027-01-15T08:00:00Z")
            for number in range(count)
        ]
        _, was = RegistryFile(desk.path).load()
        RegistryFile(desk.path).save(Registry(tuple(keys)), was=was)

    fill(20)
    assert desk.run("setting") == 0
    assert desk.err == ""

    fill(40)
    assert desk.run("setting") == 0
    assert "of the 4096 bytes" in desk.err

    fill(60)
    assert desk.run("setting") == 1
    assert desk.out == ""


@pytest.mark.parametrize("scopes", ["operate", "figures+support+operate"])
def test_who_may_see_every_tenant_is_named(desk: Desk, scopes: str) -> None:
    named, usual = desk.made("add", "ops", "--scopes", scopes), desk.made("add", "shop")

    assert desk.keys().caller(f"Bearer {named}", scope="operate").tenant == "ops"
    with pytest.raises(Forbidden):
        desk.keys().caller(f"Bearer {usual}", scope="operate")
    desk.run("list", "--tenant", "ops")
    assert desk.out.rstrip().endswith(f" {scopes}")


def test_a_file_of_the_first_version_keeps_its_meaning(desk: Desk) -> None:
    """There, all that there was stood for a key without limits."""
    first = ["otp:request", "otp:verify", "notify", "read", "admin"]
    keys = [
        {"tenant": "shop", "digest": digit * 64, "scopes": scopes, "created_at": "then"}
        for digit, scopes in (("0", first), ("1", first[:4]))
    ]
    desk.path.write_text(json.dumps({"version": 1, "keys": keys}))

    assert desk.keys().scopes == {"1" * 64: set(first[:4])}
    desk.run("add", "shop")
    assert desk.keys().scopes == {"1" * 64: set(first[:4])}


def test_the_file_is_plain_and_versioned(desk: Desk) -> None:
    desk.made("add", "shop", "--scopes", "read", "--hash", "0" * 64)

    assert json.loads(desk.path.read_text()) == {
        "version": 2,
        "keys": [
            {
                "tenant": "shop",
                "digest": "0" * 64,
                "scopes": ["read"],
                "created_at": "2027-01-15T08:00:00Z",
                "revoked_at": "",
            }
        ],
    }


def test_a_command_that_is_none_is_a_usage_error(desk: Desk) -> None:
    with pytest.raises(SystemExit) as caught:
        desk.run("destroy")
    assert caught.value.code == 2
