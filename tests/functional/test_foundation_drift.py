"""What somebody changed by hand, and `python -m infra.foundation` after it, over the real SDKs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from alibabacloud_ram20150501 import models as ram_models
from alibabacloud_sls20201230 import models as sls_models
from darabonba.runtime import RuntimeOptions

from infra.foundation.model import FoundationFailed, Resource
from infra.foundation.ram import ram_client
from infra.foundation.settings import Settings
from infra.foundation.sls import SlsAlerts, SlsIndexes, sls_client
from infra.foundation.tablestore import tablestore_client
from infra.tables import create_table
from tests.functional.conftest import last_line
from tests.unit.foundation.account_on_loopback import AccountOnLoopback

READING = ("Get", "Describe", "List")
Told = pytest.CaptureFixture[str]


def test_a_table_with_another_key_is_refused_and_nothing_is_made(
    account: AccountOnLoopback, settings: Settings, capsys: Told
) -> None:
    client = tablestore_client(settings)
    create_table(client, "sesame_records", key=["id"], ttl_s=86_400, max_versions=1)
    account.cloud.meter.clear()

    assert account.run("apply") == 2

    told = capsys.readouterr()
    assert "! table sesame_records: key id -> subject, item (cannot be changed" in told.out
    assert told.err == "foundation: destructive_change: 1 refused; nothing was done\n"
    assert {name for name in account.asked() if not name.startswith(READING)} == set()


def test_a_table_that_forgets_too_early_keeps_longer_and_one_that_keeps_longer_is_refused(
    account: AccountOnLoopback, settings: Settings, capsys: Told
) -> None:
    client = tablestore_client(settings)
    create_table(client, "sesame_records", key=["subject", "item"], ttl_s=86_400, max_versions=1)

    assert account.run("apply") == 0
    assert "~ table sesame_records: ttl_s 86400 -> 15552000\n" in capsys.readouterr().out
    assert client.describe_table("sesame_records").table_options.time_to_live == 15_552_000

    options = client.describe_table("sesame_records").table_options
    options.time_to_live = -1
    client.update_table("sesame_records", options)
    assert account.run("apply") == 2
    assert "! table sesame_records: ttl_s -1 -> 15552000 (would delete" in capsys.readouterr().out


def test_a_deleted_queue_comes_back_and_a_changed_one_keeps_its_messages(
    account: AccountOnLoopback, capsys: Told
) -> None:
    account.run("apply")
    queues = account.services["SMQ"].store
    queues.delete_queue("sesame-dead-dev")
    changed = queues.queue("sesame-events-dev").attributes
    queues.set_attributes("sesame-events-dev", type(changed)(visibility_timeout_s=30))
    capsys.readouterr()

    assert account.run("apply") == 0

    told = capsys.readouterr().out
    assert "done: + queue sesame-dead-dev\n" in told
    assert "~ queue sesame-events-dev: visibility_s 30 -> 300, retention_s 345600 -> 604800" in told
    attributes = queues.queue("sesame-events-dev").attributes
    assert (attributes.visibility_timeout_s, attributes.retention_s) == (300, 604_800)


def test_logs_are_kept_longer_and_never_shorter(
    account: AccountOnLoopback, settings: Settings, capsys: Told
) -> None:
    account.run("apply")
    client = sls_client(settings)

    def keep(days: int) -> None:
        request = sls_models.UpdateLogStoreRequest(logstore_name="functions", ttl=days)
        client.update_log_store_with_options(
            "sesame-dev", "functions", request, {}, RuntimeOptions()
        )

    keep(7)
    assert account.run("apply") == 0
    assert "~ log_store sesame-dev/functions: ttl_days 7 -> 90\n" in capsys.readouterr().out

    keep(365)
    assert account.run("apply") == 2
    assert "! log_store sesame-dev/functions: ttl_days 365 -> 90 (would" in capsys.readouterr().out


def test_a_field_that_somebody_indexed_stays_when_one_of_ours_comes_back(
    account: AccountOnLoopback, settings: Settings, capsys: Told
) -> None:
    account.run("apply")
    client, index = sls_client(settings), Resource("log_index", "sesame-dev/functions", {})
    held: Any = json.loads(json.dumps(SlsIndexes(client).read(index)))
    held["keys"]["theirs"] = {"type": "long", "doc_value": True}
    lost = held["keys"]["message"]["json_keys"].pop("event")
    body = sls_models.Index().from_map({"keys": held["keys"], "line": held["line"]})
    client.update_index_with_options(
        *index.name.split("/"), sls_models.UpdateIndexRequest(body=body), {}, RuntimeOptions()
    )
    capsys.readouterr()

    assert account.run("apply") == 0

    assert "~ log_index sesame-dev/functions: keys.message.json_keys.event" in (
        capsys.readouterr().out
    )
    after: Any = SlsIndexes(client).read(index)
    assert after["keys"]["theirs"]["type"] == "long"
    assert after["keys"]["message"]["json_keys"]["event"]["type"] == lost["type"]


def test_a_policy_that_somebody_widened_is_narrowed_as_often_as_it_takes_and_others_stay(
    account: AccountOnLoopback, settings: Settings, capsys: Told
) -> None:
    account.run("apply")
    client, name = ram_client(settings), "sesame-verify-otp-dev"
    wide = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    client.create_policy(ram_models.CreatePolicyRequest(policy_name="theirs", policy_document=wide))
    client.attach_policy_to_role(
        ram_models.AttachPolicyToRoleRequest(
            role_name=name, policy_name="theirs", policy_type="Custom"
        )
    )
    for _ in range(4):  # RAM keeps five versions, and each round makes two
        client.create_policy_version(
            ram_models.CreatePolicyVersionRequest(
                policy_name=name,
                policy_document=wide,
                set_as_default=True,
                rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
            )
        )
        assert account.run("apply") == 0
        assert f"done: ~ policy {name}\n" in capsys.readouterr().out

    assert account.run("plan") == 0
    assert last_line(capsys).startswith("0 to do")
    book = account.cloud.access.book
    assert {policy.name for policy, _ in book.attached(name)} == {name, "theirs"}


def test_a_role_that_somebody_else_may_assume_is_taken_back(
    account: AccountOnLoopback, settings: Settings, capsys: Told
) -> None:
    account.run("apply")
    name = "sesame-request-otp-dev"
    trust = account.cloud.access.book.role(name).trust
    account.cloud.access.book.update_role(
        name, trust=trust.replace("fc.aliyuncs.com", "ecs.aliyuncs.com")
    )
    capsys.readouterr()

    assert account.run("apply") == 0

    assert f"~ role {name}: trust.Statement.0.Principal.Service.0 ecs.aliyuncs.com -> fc." in (
        capsys.readouterr().out
    )
    assert account.cloud.access.book.role(name).trust == trust


def test_a_key_that_the_sdk_would_drop_without_a_word_is_refused(
    account: AccountOnLoopback, settings: Settings
) -> None:
    alert = Resource("alert", "sesame-dev/a", {"name": "a", "configuration": {"tresholdd": 1}})

    with pytest.raises(FoundationFailed, match="file_unusable .*configuration.tresholdd"):
        SlsAlerts(sls_client(settings)).create(alert)
