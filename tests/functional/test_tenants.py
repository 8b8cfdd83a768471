"""A key's life over the real SDK and the real wire: rotated, revoked, refused within a minute."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.localcloud.core.faults import Fault
from infra.tenants.__main__ import main
from shared.access.api_keys import ApiKeys, Caller, Scope, hash_key
from shared.access.revocation import Revocations, key_row
from shared.errors import OtpInvalid, StoreUnavailable, Unauthenticated
from shared.rows import CONSENT
from shared.settings import AccessSettings, read_settings
from tests.fakes.hands import HandClock
from tests.fakes.row_stores import rows_on
from tests.fakes.service import OTHER, OtpService
from tests.localcloud.tablestore.tablestore_server import RunningTablestore


class Stage:
    """A deployment, and its operator at a shell. `again` deploys: another instance."""

    def __init__(
        self, server: RunningTablestore, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.server = server
        self.clock = HandClock(server.cloud.clock.now_ms())
        self.otp = OtpService(store=rows_on(server), clock=self.clock)
        self._file, self._capsys = folder / "tenants.json", capsys
        self.err = ""

    def operate(self, *arguments: str) -> str:
        """The command's stdout; it must end well."""
        assert self.try_to(*arguments) == 0, self.err
        return self.out.strip()

    def try_to(self, *arguments: str) -> int:
        environment = {
            "SESAME_TABLESTORE_ENDPOINT": self.server.endpoint,
            "SESAME_TABLESTORE_INSTANCE": "local",
        }
        code = main([*arguments, "--file", str(self._file)], environment, clock=self.clock)
        self.out, self.err = self._capsys.readouterr()
        return code

    def deploy(self) -> ApiKeys:
        """What a new instance makes of the setting."""
        value = self.operate("setting").partition("=")[2]
        (settings,) = read_settings({"API_KEYS": value}, AccessSettings)
        return ApiKeys(
            settings.hashed_keys, settings.key_scopes, revocations=Revocations(self.clock)
        )

    def row(self, key: str) -> Mapping[str, object] | None:
        return self.otp.store.read([key_row(hash_key(key))])[0]


@pytest.fixture
def stage(
    tablestore: RunningTablestore,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    no_proxies: None,
) -> Stage:
    return Stage(tablestore, tmp_path, capsys)


def caller(keys: ApiKeys, key: str, scope: Scope = "otp:request") -> Caller:
    return keys.caller(f"Bearer {key}", scope=scope)


def trips(server: RunningTablestore) -> dict[str, int]:
    operations = server.cloud.meter.as_json()["operations"]
    return {str(each["operation"]): int(str(each["count"])) for each in operations}


def test_asking_for_a_key_costs_no_round_trip(stage: Stage, tablestore: RunningTablestore) -> None:
    key = stage.operate("add", "shop")
    keys = stage.deploy()
    tablestore.cloud.meter.clear()

    issued = stage.otp.request(client_ip="203.0.113.7", check=caller(keys, key).check)
    assert trips(tablestore) == {"BatchWriteRow": 2}

    again = stage.deploy()
    check = caller(again, key, "otp:verify").check
    assert check is not None
    stage.otp.verify(issued.challenge_id, check=check)
    assert trips(tablestore) == {"BatchWriteRow": 3}
    assert caller(again, key).check is None


def test_a_revoked_key_is_refused_within_a_minute(stage: Stage) -> None:
    key = stage.operate("add", "shop")
    keys = stage.deploy()
    stage.otp.request(check=caller(keys, key).check)
    stage.clock.advance(30)

    stage.operate("revoke", hash_key(key)[:12])

    assert "within a minute" in stage.err
    stage.clock.advance(60)
    with pytest.raises(Unauthenticated):
        stage.otp.request(OTHER, check=caller(keys, key).check)
    assert len(stage.otp.sender.sent) == 1
    with pytest.raises(Unauthenticated):
        caller(keys, key)


def test_what_the_refused_request_took_is_given_back(stage: Stage) -> None:
    old = stage.operate("add", "shop")
    new = stage.operate("rotate", "shop")
    keys = stage.deploy()
    stage.operate("revoke", hash_key(old))
    with pytest.raises(Unauthenticated):
        stage.otp.request(client_ip="203.0.113.7", key="k" * 20, check=caller(keys, old).check)

    issued = stage.otp.request(client_ip="203.0.113.7", key="k" * 20, check=caller(keys, new).check)

    assert not issued.is_replay
    stage.otp.verify(issued.challenge_id)


def test_a_right_code_does_not_verify_for_a_key_that_was_revoked_mid_challenge(
    stage: Stage,
) -> None:
    key = stage.operate("add", "shop")
    keys = stage.deploy()
    issued = stage.otp.request(check=caller(keys, key).check)
    stage.operate("revoke", "--tenant", "shop")
    stage.clock.advance(60)

    with pytest.raises(Unauthenticated):
        stage.otp.verify(issued.challenge_id, check=caller(keys, key, "otp:verify").check)
    with pytest.raises(OtpInvalid):
        stage.otp.verify(issued.challenge_id)


def test_a_lost_answer_to_the_question_is_no_refusal(
    stage: Stage, tablestore: RunningTablestore
) -> None:
    key = stage.operate("add", "shop")
    keys = stage.deploy()
    tablestore.cloud.faults.add(Fault("tablestore", "BatchWriteRow", "drop_after", 1))

    issued = stage.otp.request(check=caller(keys, key).check)

    tablestore.cloud.faults.add(Fault("tablestore", "BatchWriteRow", "drop_after", 1))
    check = caller(stage.deploy(), key, "otp:verify").check
    stage.otp.verify(issued.challenge_id, check=check)


def test_a_store_that_is_away_refuses_nobody_and_lets_nobody_in(
    stage: Stage, tablestore: RunningTablestore
) -> None:
    key = stage.operate("add", "shop")
    keys = stage.deploy()
    tablestore.cloud.faults.add(Fault("tablestore", "BatchWriteRow", "error:OTSServerBusy", 9))

    with pytest.raises(StoreUnavailable):
        stage.otp.request(check=caller(keys, key).check)

    assert stage.otp.sender.sent == []
    assert caller(keys, key).check is not None, "the question is still open"


def test_revoking_again_is_no_error_and_keeps_the_first_time(stage: Stage) -> None:
    key = stage.operate("add", "shop")
    stage.operate("revoke", hash_key(key)[:12])
    first = stage.row(key)
    stage.clock.advance(3600)

    stage.operate("revoke", hash_key(key)[:12])

    assert "was revoked before" in stage.err
    assert stage.row(key) == first
    assert stage.try_to("setting") == 1, "a revoked key is still in the setting"


def test_a_key_that_is_not_on_record_is_revoked_by_its_whole_hash(stage: Stage) -> None:
    digest = hash_key("sk_whose_file_was_lost_long_ago")

    stage.operate("revoke", digest)

    assert stage.otp.store.read([key_row(digest)])[0] is not None


def test_a_rehearsed_revocation_writes_nothing(stage: Stage, tablestore: RunningTablestore) -> None:
    key = stage.operate("add", "shop")
    tablestore.cloud.meter.clear()

    stage.operate("revoke", hash_key(key)[:12], "--dry-run")

    assert trips(tablestore) == {}
    assert stage.deploy().tenants == {hash_key(key): "shop"}


def test_a_revocation_that_the_store_did_not_take_is_not_on_record(
    stage: Stage, tablestore: RunningTablestore
) -> None:
    key = stage.operate("add", "shop")
    tablestore.cloud.faults.add(Fault("tablestore", "BatchWriteRow", "error:OTSServerBusy", 3))

    assert stage.try_to("revoke", hash_key(key)[:12]) == 1

    assert "run it again" in stage.err
    assert stage.deploy().tenants == {hash_key(key): "shop"}
    stage.operate("revoke", hash_key(key)[:12])
    assert stage.row(key) is not None


def test_without_credentials_it_is_said_so(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    key = stage.operate("add", "shop")
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_ID")

    assert stage.try_to("revoke", hash_key(key)[:12]) == 1
    assert "no_credentials" in stage.err


def test_the_row_of_a_key_is_in_the_table_that_forgets_nothing() -> None:
    assert key_row("0" * 64).table == CONSENT
