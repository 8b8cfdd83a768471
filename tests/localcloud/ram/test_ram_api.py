"""Roles and policies through the unmodified SDK."""

from __future__ import annotations

import json

import pytest
from alibabacloud_ram20150501 import models

from infra.localcloud.core.faults import Fault
from tests.localcloud.ram.ram_cloud import (
    ACCOUNT_TRUST,
    ROLE,
    create_policy,
    create_role,
    policy,
    refused,
    statement,
)

GET, PUT = statement("ots:GetRow"), statement("ots:PutRow")
ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"


def attach(client, name, role=ROLE, kind="Custom"):
    client.attach_policy_to_role(
        models.AttachPolicyToRoleRequest(policy_name=name, policy_type=kind, role_name=role)
    )


def detach(client, name, role=ROLE, kind="Custom"):
    client.detach_policy_from_role(
        models.DetachPolicyFromRoleRequest(policy_name=name, policy_type=kind, role_name=role)
    )


def attached(client, role=ROLE):
    request = models.ListPoliciesForRoleRequest(role_name=role)
    lines = client.list_policies_for_role(request).body.policies.policy
    return [(line.policy_type, line.policy_name) for line in lines]


def add_version(client, name, *statements, **more):
    document = json.dumps(policy(*statements))
    request = models.CreatePolicyVersionRequest(policy_name=name, policy_document=document, **more)
    return client.create_policy_version(request).body.policy_version


def get_policy(client, name, kind="Custom"):
    return client.get_policy(models.GetPolicyRequest(policy_name=name, policy_type=kind)).body


def get_role(client, name=ROLE):
    return client.get_role(models.GetRoleRequest(role_name=name)).body.role


def test_role_is_shown_as_it_was_made(cloud):
    made = create_role(cloud.ram(), description="verifies", max_session_duration=7200).body.role

    found = get_role(cloud.ram())

    assert made.to_map() == {k: v for k, v in found.to_map().items() if k in made.to_map()}
    assert found.arn == f"acs:ram::1000000000000001:role/{ROLE}"
    assert (found.role_name, found.description) == (ROLE, "verifies")
    assert found.max_session_duration == 7200
    assert json.loads(found.assume_role_policy_document) == ACCOUNT_TRUST
    assert found.create_date.endswith("Z")


def test_role_names_compare_in_any_case(cloud):
    create_role(cloud.ram(), "Sesame-Admin")

    assert get_role(cloud.ram(), "sesame-admin").role_name == "Sesame-Admin"
    with refused("EntityAlreadyExists.Role", 409):
        create_role(cloud.ram(), "sesame-ADMIN")


def test_update_role_changes_what_is_given(cloud):
    client = cloud.ram()
    create_role(client, description="before")
    trust = json.dumps({**ACCOUNT_TRUST, "Statement": ACCOUNT_TRUST["Statement"] * 2})

    client.update_role(
        models.UpdateRoleRequest(role_name=ROLE, new_assume_role_policy_document=trust)
    )

    assert get_role(client).assume_role_policy_document == trust
    assert get_role(client).description == "before"


def test_list_roles_pages_by_marker(cloud):
    client = cloud.ram()
    for name in ("c", "a", "b"):
        create_role(client, name)

    first = client.list_roles(models.ListRolesRequest(max_items=2)).body
    second = client.list_roles(models.ListRolesRequest(max_items=2, marker=first.marker)).body

    assert [role.role_name for role in first.roles.role] == ["a", "b"]
    assert first.is_truncated is True
    assert [role.role_name for role in second.roles.role] == ["c"]
    assert (second.is_truncated, second.marker) == (False, None)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "no_underscore"}, "InvalidParameter.RoleName.InvalidChars"),
        ({"name": "r" * 65}, "InvalidParameter.RoleName.Length"),
        ({"assume_role_policy_document": "{}"}, "MalformedPolicyDocument"),
        (
            {"assume_role_policy_document": " " * 2049},
            "InvalidParameter.AssumeRolePolicyDocument.Length",
        ),
        ({"assume_role_policy_document": None}, "MissingAssumeRolePolicyDocument"),
        ({"description": "d" * 1025}, "InvalidParameter.Description.Length"),
        ({"max_session_duration": 3599}, "InvalidParameter.MaxSessionDuration"),
    ],
)
def test_create_role_refuses(cloud, fields, code):
    with refused(code, 400):
        create_role(cloud.ram(), **fields)
    assert cloud.cloud.access.book.roles() == []


def test_role_with_policies_is_not_deleted(cloud):
    client = cloud.ram()
    create_role(client)
    create_policy(client, "reads", GET)
    attach(client, "reads")
    request = models.DeleteRoleRequest(role_name=ROLE)

    with refused("DeleteConflict.Role.Policy", 409):
        client.delete_role(request)
    detach(client, "reads")
    client.delete_role(request)

    with refused("EntityNotExist.Role", 404):
        get_role(client)


def test_attachments_are_seen_from_both_ends(cloud):
    client = cloud.ram()
    create_role(client)
    create_policy(client, "reads", GET)

    attach(client, "reads", ROLE.upper())
    attach(client, "AliyunDysmsFullAccess", kind="System")

    assert attached(client) == [("Custom", "reads"), ("System", "AliyunDysmsFullAccess")]
    entities = client.list_entities_for_policy(
        models.ListEntitiesForPolicyRequest(policy_name="reads", policy_type="Custom")
    ).body
    assert [role.role_name for role in entities.roles.role] == [ROLE]
    assert (entities.users.user, entities.groups.group) == ([], [])
    assert get_policy(client, "reads").policy.attachment_count == 1


def test_attach_and_detach_refuse_what_is_done_already(cloud):
    client = cloud.ram()
    create_role(client)
    create_policy(client, "reads", GET)
    attach(client, "reads")

    with refused("EntityAlreadyExists.Role.Policy", 409):
        attach(client, "reads")
    detach(client, "reads")
    with refused("EntityNotExist.Role.Policy", 404):
        detach(client, "reads")
    with refused("EntityNotExist.Policy", 404):
        attach(client, "writes")
    with refused("EntityNotExist.Role", 404):
        attach(client, "reads", "nobody")
    with refused("InvalidParameter.PolicyType", 400):
        attach(client, "reads", kind="Mine")


def test_policy_is_shown_with_its_default_version(cloud):
    client = cloud.ram()
    create_policy(client, "reads", GET)

    added = add_version(client, "reads", PUT)

    assert (added.version_id, added.is_default_version) == ("v2", False)
    found = get_policy(client, "reads")
    assert found.policy.default_version == "v1"
    assert json.loads(found.default_policy_version.policy_document) == policy(GET)

    client.set_default_policy_version(
        models.SetDefaultPolicyVersionRequest(policy_name="reads", version_id="v2")
    )
    assert json.loads(get_policy(client, "reads").policy.policy_document) == policy(PUT)


def test_policy_has_five_versions_at_most(cloud):
    client = cloud.ram()
    create_policy(client, "reads", GET)
    for _ in range(4):
        add_version(client, "reads", PUT)

    with refused("LimitExceeded.Policy.Version", 409):
        add_version(client, "reads", PUT)
    rotated = add_version(client, "reads", PUT, rotate_strategy=ROTATE, set_as_default=True)

    listed = client.list_policy_versions(
        models.ListPolicyVersionsRequest(policy_name="reads", policy_type="Custom")
    ).body.policy_versions.policy_version
    # The oldest but for the default of then went.
    assert [version.version_id for version in listed] == ["v1", "v3", "v4", "v5", "v6"]
    assert rotated.is_default_version is True


def test_versions_that_count_or_are_not_there_are_not_deleted(cloud):
    client = cloud.ram()
    create_policy(client, "reads", GET)
    add_version(client, "reads", PUT)

    def delete(version):
        client.delete_policy_version(
            models.DeletePolicyVersionRequest(policy_name="reads", version_id=version)
        )

    with refused("DeleteConflict.Policy.Version.Default", 409):
        delete("v1")
    with refused("DeleteConflict.Policy.Version", 409):
        client.delete_policy(models.DeletePolicyRequest(policy_name="reads"))
    delete("v2")
    with refused("EntityNotExist.Policy.Version", 404):
        client.get_policy_version(
            models.GetPolicyVersionRequest(
                policy_name="reads", policy_type="Custom", version_id="v2"
            )
        )
    client.delete_policy(models.DeletePolicyRequest(policy_name="reads"))
    with refused("EntityNotExist.Policy", 404):
        get_policy(client, "reads")


def test_policy_in_use_is_not_deleted(cloud):
    client = cloud.ram()
    create_role(client)
    create_policy(client, "reads", GET)
    attach(client, "reads")

    with refused("DeleteConflict.Role.Policy", 409):
        client.delete_policy(models.DeletePolicyRequest(policy_name="reads"))


def test_policy_documents_are_checked(cloud):
    client = cloud.ram()

    with refused("MalformedPolicyDocument", 400):
        create_policy(client, "bad", {"Effect": "Allow", "Acton": "*", "Resource": "*"})
    with refused("InvalidParameter.PolicyDocument.Length", 400):
        create_policy(client, "long", statement(["ots:GetRow"] * 600))
    with refused("InvalidParameter.PolicyName.InvalidChars", 400):
        create_policy(client, "no_underscore", GET)
    create_policy(client, "reads", GET)
    with refused("EntityAlreadyExists.Policy", 409):
        create_policy(client, "reads", GET)


def test_list_policies_tells_the_platform_s_from_ours(cloud):
    client = cloud.ram()
    create_policy(client, "reads", GET)

    def names(**fields):
        body = client.list_policies(models.ListPoliciesRequest(**fields)).body
        return [line.policy_name for line in body.policies.policy]

    assert names(policy_type="Custom") == ["reads"]
    assert "AliyunOTSFullAccess" in names(policy_type="System")
    assert names() == [*names(policy_type="System"), "reads"]
    assert json.loads(get_policy(client, "AliyunOTSFullAccess", "System").policy.policy_document)


def test_restart_keeps_roles_policies_and_rights(start, tmp_path):
    first = start(tmp_path)
    create_role(first.ram())
    create_policy(first.ram(), "reads", GET)
    add_version(first.ram(), "reads", PUT, set_as_default=True)
    attach(first.ram(), "reads")
    before = get_role(first.ram()).to_map()

    second = start(tmp_path)

    assert get_role(second.ram()).to_map() == before
    assert attached(second.ram()) == [("Custom", "reads")]
    assert add_version(second.ram(), "reads", PUT).version_id == "v3"
    allows = second.cloud.access.allows
    session = second.session()
    assert allows(session, "ots:PutRow", ["*"], source_ip="127.0.0.1")
    assert not allows(session, "ots:GetRow", ["*"], source_ip="127.0.0.1")


def test_ram_asks_itself_who_may_change_roles(cloud):
    admin = cloud.grant(
        statement("ram:CreateRole", "acs:ram:*:1000000000000001:role/*"),
        statement("ram:AttachPolicyToRole", "acs:ram:*:*:role/app"),
        statement("ram:AttachPolicyToRole", "acs:ram:*:*:policy/app-*"),
        role="admin",
    )
    create_policy(cloud.ram(), "app-reads", GET)
    create_policy(cloud.ram(), "other", GET)

    create_role(cloud.ram(admin), "app")
    attach(cloud.ram(admin), "app-reads", "app")

    with refused("NoPermission", 403):
        attach(cloud.ram(admin), "other", "app")
    with refused("NoPermission", 403):
        attach(cloud.ram(admin), "AdministratorAccess", "app", "System")
    with refused("NoPermission", 403):
        create_policy(cloud.ram(admin), "mine", GET)


def test_ram_answers_faults_with_codes_of_its_own(cloud):
    cloud.cloud.faults.add(Fault("ram", "GetRole", "error:EntityNotExist.Role", 1))
    cloud.cloud.faults.add(Fault("ram", "GetRole", "error:Throttling.User", 1))
    create_role(cloud.ram())

    with refused("EntityNotExist.Role", 404):
        get_role(cloud.ram())
    with refused("Throttling.User", 400):
        get_role(cloud.ram())
    assert get_role(cloud.ram()).role_name == ROLE
