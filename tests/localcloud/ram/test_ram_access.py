"""What `cloud.access` decides for callers, and the door by which a project brings its roles."""

from __future__ import annotations

import json
import time

import pytest
from alibabacloud_credentials.exceptions import CredentialException
from alibabacloud_ram20150501 import models

from infra.localcloud.core.access import FC_TRUST
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.entities import RoleBookRefused
from tests.localcloud.ram.ram_cloud import ACCOUNT_TRUST, ROLE, policy, statement

GET, PUT = policy(statement("ots:GetRow")), policy(statement("ots:PutRow"))


def session_of(cloud, role, **more):
    return cloud.identities.issue_session(role=role, session_name="s", duration_s=900, **more)


def may(cloud, action, session=None, source_ip="127.0.0.1", resources=("*",)):
    session = session or session_of(cloud, ROLE)
    return cloud.access.allows(session, action, resources, source_ip=source_ip)


def test_put_role_gives_exactly_these_policies():
    cloud = Cloud()
    cloud.access.put_role(ROLE, {"reads": GET, "writes": PUT})
    assert may(cloud, "ots:GetRow")
    assert may(cloud, "ots:PutRow")

    cloud.access.put_role(
        ROLE, {"writes": json.dumps(PUT)}, system_policies=["AliyunMNSFullAccess"]
    )

    assert not may(cloud, "ots:GetRow")
    assert may(cloud, "ots:PutRow")
    assert may(cloud, "mns:SendMessage")


def test_put_role_again_changes_nothing_on_disk(tmp_path):
    cloud = Cloud(tmp_path)
    for _ in range(7):
        cloud.access.put_role(ROLE, {"reads": GET}, FC_TRUST, description="d")
    stamp = (tmp_path / "roles.json").stat().st_mtime_ns

    again = Cloud(tmp_path)
    again.access.put_role(ROLE, {"reads": GET}, FC_TRUST, description="d")

    assert (tmp_path / "roles.json").stat().st_mtime_ns == stamp
    assert len(again.access.book.policy("Custom", "reads").versions) == 1


def test_put_role_makes_room_for_a_sixth_version():
    cloud = Cloud()
    for number in range(7):
        cloud.access.put_role(ROLE, {"p": policy(statement(f"ots:Do{number}"))})

    assert may(cloud, "ots:Do6")
    assert not may(cloud, "ots:Do5")


def test_put_role_refuses_a_document_that_is_none():
    cloud = Cloud()

    with pytest.raises(RoleBookRefused, match="MalformedPolicyDocument"):
        cloud.access.put_role(ROLE, {"p": {"Version": "1", "Statement": []}})


def test_reset_goes_back_to_what_was_put(start):
    running = start()
    running.cloud.access.put_role(ROLE, {"reads": GET})
    running.ram().create_policy(
        models.CreatePolicyRequest(policy_name="mine", policy_document=json.dumps(PUT))
    )
    running.ram().detach_policy_from_role(
        models.DetachPolicyFromRoleRequest(
            policy_name="reads", policy_type="Custom", role_name=ROLE
        )
    )
    assert not may(running.cloud, "ots:GetRow")

    running.cloud.access.reset()

    assert may(running.cloud, "ots:GetRow")
    assert running.cloud.access.book.find_policy("Custom", "mine") is None


def test_session_finds_its_role_by_name_or_arn_in_any_case():
    cloud = Cloud()
    cloud.access.put_role("Sesame-Admin", {"reads": GET})

    for role in ("sesame-admin", "SESAME-ADMIN", "acs:ram::1000000000000001:role/sesame-admin"):
        assert may(cloud, "ots:GetRow", session_of(cloud, role))
        assert not may(cloud, "ots:PutRow", session_of(cloud, role))


def test_unknown_role_may_do_everything_unless_roles_are_strict():
    cloud, strict = Cloud(), Cloud(strict_roles=True)
    foreign = "acs:ram::2000000000000002:role/x"

    assert may(cloud, "ots:GetRow", session_of(cloud, "nobody"))
    assert may(cloud, "ots:GetRow", session_of(cloud, foreign))
    assert not may(strict, "ots:GetRow", session_of(strict, "nobody"))
    assert not may(strict, "ots:GetRow", session_of(strict, foreign))
    assert may(strict, "ots:GetRow", strict.identities.root)


def test_unknown_role_is_still_held_to_its_session_policy():
    cloud = Cloud()
    session = session_of(cloud, "nobody", policy=json.dumps(GET))

    assert may(cloud, "ots:GetRow", session)
    assert not may(cloud, "ots:PutRow", session)


def test_deleted_role_may_do_nothing(tmp_path):
    cloud = Cloud(tmp_path)
    cloud.access.put_role(ROLE, {})
    cloud.access.book.delete_role(ROLE)

    assert not may(cloud, "ots:GetRow")
    assert not may(Cloud(tmp_path), "ots:GetRow")
    cloud.access.put_role(ROLE, {"reads": GET})
    assert may(cloud, "ots:GetRow")


def test_deleted_role_is_not_assumed(cloud):
    cloud.cloud.access.put_role("admin", {}, ACCOUNT_TRUST)
    cloud.cloud.access.book.delete_role("admin")

    with pytest.raises(CredentialException, match="EntityNotExist.Role"):
        cloud.assume("admin")


def test_strict_roles_are_not_assumed_unknown(start):
    running = start(strict_roles=True)

    with pytest.raises(CredentialException, match="EntityNotExist.Role"):
        running.assume("nobody")
    running.cloud.access.put_role("somebody", {}, ACCOUNT_TRUST)
    assert running.assume("somebody")


def test_conditions_see_the_caller_and_the_cloud_s_clock():
    cloud = Cloud()
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    condition = {
        "IpAddress": {"acs:SourceIp": "127.0.0.0/8"},
        "DateLessThan": {"acs:CurrentTime": until},
        "Bool": {"acs:SecureTransport": "false"},
    }
    cloud.access.put_role(ROLE, {"p": policy(statement("ots:GetRow", Condition=condition))})

    assert may(cloud, "ots:GetRow")
    assert not may(cloud, "ots:GetRow", source_ip="10.0.0.1")
    cloud.clock.advance(3601)
    assert not may(cloud, "ots:GetRow", session_of(cloud, ROLE))


def test_every_resource_must_be_allowed():
    cloud = Cloud(region="cn-beijing")
    state = cloud.access.resource("ots", "instance/i/table/state")
    cloud.access.put_role(ROLE, {"p": policy(statement("ots:*", state))})

    assert state == "acs:ots:cn-beijing:1000000000000001:instance/i/table/state"
    assert may(cloud, "ots:GetRow", resources=[state])
    assert not may(cloud, "ots:GetRow", resources=[state, state + "s"])


def test_decision_takes_little_time():
    cloud = Cloud()
    resources = [f"acs:ots:*:*:instance/sesame/table/t{number}" for number in range(10)]
    cloud.access.put_role(ROLE, {f"p{n}": policy(statement("ots:*", resources)) for n in range(5)})
    session = session_of(cloud, ROLE)
    asked = cloud.access.resource("ots", "instance/sesame/table/t9")
    start_s = time.process_time()

    for _ in range(500):
        assert cloud.access.allows(session, "ots:GetRow", [asked], source_ip="127.0.0.1")

    assert (time.process_time() - start_s) / 500 < 0.001
