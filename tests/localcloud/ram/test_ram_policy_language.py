"""The policy language: what a document says of a request, and which documents are none."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.localcloud.core.globs import glob
from infra.localcloud.core.policies import PolicyInvalid, is_allowed, parse_policy, parse_trust
from tests.localcloud.ram.ram_cloud import ACCOUNT_TRUST, policy, statement

TABLE = "acs:ots:cn-hangzhou:1:instance/sesame/table/state"
FACTS = {
    "acs:SourceIp": "10.0.0.7",
    "acs:SecureTransport": "false",
    "acs:CurrentTime": "2026-03-01T08:00:00Z",
}


def decide(*statements: object, action: str = "ots:GetRow", resource: str = TABLE) -> bool:
    return is_allowed([parse_policy(json.dumps(policy(*statements)))], action, resource, FACTS)


def test_policy_denies_what_no_statement_speaks_of():
    assert not decide(statement("ots:PutRow"))
    assert not is_allowed([], "ots:GetRow", TABLE, FACTS)


@pytest.mark.parametrize("action", ["ots:GetRow", "ots:Get*", "*", "OTS:getrow", "ots:Ge?Row"])
def test_policy_allows_the_action_that_a_pattern_covers(action):
    assert decide(statement(action))
    assert decide(statement(["dysms:SendSms", action]))


@pytest.mark.parametrize(
    ("resource", "covers"),
    [
        ("acs:ots:*:*:instance/sesame/table/state", True),
        ("acs:ots:*:*:instance/*", True),
        ("acs:ots:cn-hangzhou:1:*", True),
        ("acs:ots:*:*:instance/sesame", False),
        ("acs:ots:*:*:instance/*/", False),
        ("acs:ots:*:*:instance/sesame/table/STATE", False),
        ("acs:ots:cn-beijing:*:instance/*", False),
        ("acs:ots:*:*:instance/[sr]esame/*", False),
    ],
)
def test_policy_covers_resources_by_text(resource, covers):
    assert decide(statement("ots:*", resource)) is covers


def test_policy_lets_an_explicit_deny_win_in_any_order_and_policy():
    allow, deny = statement("*"), statement("ots:Get*", effect="Deny")
    policies = [parse_policy(json.dumps(policy(each))) for each in (deny, allow)]

    assert not decide(allow, deny)
    assert not decide(deny, allow)
    assert not is_allowed(policies, "ots:GetRow", TABLE, FACTS)
    assert is_allowed(policies, "ots:PutRow", TABLE, FACTS)


def test_policy_negates_actions_and_resources():
    but_get = {"Effect": "Allow", "NotAction": "ots:Get*", "Resource": "*"}
    but_state = {"Effect": "Allow", "Action": "*", "NotResource": ["acs:ots:*:*:*/state"]}

    assert not decide(but_get)
    assert decide(but_get, action="ots:PutRow")
    assert not decide(but_state)
    assert decide(but_state, resource=TABLE.replace("state", "records"))


@pytest.mark.parametrize(
    ("operator", "key", "value", "holds"),
    [
        ("StringEquals", "acs:SourceIp", ["1.1.1.1", "10.0.0.7"], True),
        ("StringEquals", "acs:SourceIp", "10.0.0.8", False),
        ("StringNotEquals", "acs:SourceIp", ["1.1.1.1", "10.0.0.7"], False),
        ("StringEqualsIgnoreCase", "acs:SecureTransport", "FALSE", True),
        ("StringLike", "acs:SourceIp", "10.0.*", True),
        ("StringNotLike", "acs:SourceIp", "10.0.0.?", False),
        ("IpAddress", "acs:SourceIp", "10.0.0.0/24", True),
        ("IpAddress", "acs:SourceIp", "10.0.0.9/24", True),
        ("IpAddress", "acs:SourceIp", ["10.0.1.0/24", "::1"], False),
        ("NotIpAddress", "acs:SourceIp", "10.0.1.0/24", True),
        ("Bool", "acs:SecureTransport", "false", True),
        ("Bool", "acs:SecureTransport", True, False),
        ("DateLessThan", "acs:CurrentTime", "2026-03-01T16:00:01+08:00", True),
        ("DateLessThan", "acs:CurrentTime", "2026-03-01T16:00:00+08:00", False),
        ("DateGreaterThanEquals", "acs:CurrentTime", "2026-03-01T08:00:00Z", True),
        # What is not known of a request never holds.
        ("StringEquals", "acs:MFAPresent", "true", False),
        ("StringNotEquals", "acs:MFAPresent", "true", False),
        ("NumericLessThan", "acs:SourceIp", "5", False),
        ("IpAddress", "acs:SecureTransport", "10.0.0.0/8", False),
    ],
)
def test_policy_asks_conditions(operator, key, value, holds):
    condition = {operator: {key: value}}

    assert decide(statement("*", Condition=condition)) is holds
    assert decide(statement("*"), statement("*", effect="Deny", Condition=condition)) is not holds


def test_policy_wants_every_condition_of_a_statement():
    both = {"Bool": {"acs:SecureTransport": "false"}, "IpAddress": {"acs:SourceIp": "10.1.0.0/16"}}

    assert not decide(statement("*", Condition=both))


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ("[]", "object"),
        ({"Statement": [statement("*")]}, "Version"),
        ({"Version": "2012-10-17", "Statement": [statement("*")]}, "Version"),
        ({"Version": "1", "Statment": []}, "Statment"),
        ({"Version": "1", "Statement": []}, "Statement"),
        ({"Version": "1", "Statement": statement("*")}, "list"),
        (policy({"Effect": "allow", "Action": "*", "Resource": "*"}), "Effect"),
        (policy({"Effect": "Allow", "Resource": "*"}), "Action or NotAction"),
        (policy({"Effect": "Allow", "Action": "*"}), "Resource"),
        (policy(statement("*", NotAction="*")), "Action or NotAction"),
        (policy(statement("*", Actions="*")), "Actions"),
        (policy(statement([])), "Action"),
        (policy(statement("GetRow")), "GetRow"),
        (policy(statement("*", "table/state")), "table/state"),
        (policy(statement("*", Condition={"StringEqual": {"a": "b"}})), "StringEqual"),
        (policy(statement("*", Condition={"Bool": {"acs:SecureTransport": "no"}})), "Bool"),
        (policy(statement("*", Condition={"DateLessThan": {"acs:CurrentTime": "x"}})), "type"),
        (policy(statement("*", Condition={"IpAddress": {"acs:SourceIp": "10.0.0/8"}})), "type"),
        (policy(statement("*", Condition={"StringEquals": {"a": []}})), "value"),
        (policy(statement("*", Condition=["StringEquals"])), "Condition"),
    ],
)
def test_policy_is_refused_with_what_is_wrong(document, why):
    with pytest.raises(PolicyInvalid, match=why):
        parse_policy(document if isinstance(document, str) else json.dumps(document))


def test_trust_policy_is_refused_without_a_principal():
    parse_trust(json.dumps(ACCOUNT_TRUST))
    with pytest.raises(PolicyInvalid, match="Principal"):
        parse_trust(json.dumps(policy({"Effect": "Allow", "Action": "sts:AssumeRole"})))
    with pytest.raises(PolicyInvalid, match="Resource"):
        parse_trust(json.dumps(policy(statement("sts:AssumeRole"))))


ALPHABET = st.text("ab:/[", max_size=12)


@given(ALPHABET)
def test_glob_without_wildcards_is_equality(text):
    assert glob(text)(text)
    assert not glob(text)(text + "a")


@given(st.lists(ALPHABET, min_size=1, max_size=4), st.data())
def test_glob_star_takes_any_text_between_the_parts(parts, data):
    fills = [data.draw(ALPHABET) for _ in parts[1:]]
    text = parts[0] + "".join(fill + part for fill, part in zip(fills, parts[1:], strict=True))

    assert glob("*".join(parts))(text)
    assert glob("?" * len(text))(text)
    assert not glob("?" * (len(text) + 1))(text)


def naive(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return naive(pattern[1:], text) or (bool(text) and naive(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and naive(pattern[1:], text[1:])


@given(st.text("ab*?", max_size=6), st.text("ab?", max_size=8))
def test_glob_agrees_with_the_definition(pattern, text):
    assert glob(pattern)(text) is naive(pattern, text)


def test_glob_with_many_stars_takes_no_time():
    start_s = time.perf_counter()

    assert not glob("a*" * 30 + "b")("a" * 5000)

    assert time.perf_counter() - start_s < 2


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Allow", "Deny"]), st.sampled_from(["ots:GetRow", "ots:PutRow"])
        ),
        min_size=1,
        max_size=5,
    )
)
def test_policy_allows_only_what_is_allowed_and_not_denied(statements):
    said = {effect for effect, action in statements if action == "ots:GetRow"}

    assert decide(*(statement(action, effect=effect) for effect, action in statements)) is (
        said == {"Allow"}
    )


@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.integers(0, 32))
def test_ip_conditions_split_all_addresses_in_two(address, base, length):
    network = f"{base}/{length}"
    is_within = int(address) >> (32 - length) == int(base) >> (32 - length)
    facts = {**FACTS, "acs:SourceIp": str(address)}

    def holds(operator):
        condition = {operator: {"acs:SourceIp": network}}
        document = json.dumps(policy(statement("*", Condition=condition)))
        return is_allowed([parse_policy(document)], "ots:GetRow", TABLE, facts)

    assert holds("IpAddress") is is_within
    assert holds("NotIpAddress") is not is_within
