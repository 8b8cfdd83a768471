"""Who may call: signatures of both versions, STS tokens, dates, MD5, and the signed answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from tablestore_server import RunningTablestore, create_table, put, read, sdk

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import Identity


def refusal(client: sdk.OTSClient) -> str:
    """The text of the 403 OTSAuthFailed that a call ends in."""
    with pytest.raises(sdk.OTSServiceError) as caught:
        client.list_table()
    assert caught.value.get_http_status() == 403
    assert caught.value.get_error_code() == "OTSAuthFailed"
    return str(caught.value.get_error_message())


@pytest.fixture
def session(cloud: Cloud) -> Identity:
    """A role session of the function verify_otp, for an hour."""
    return cloud.identities.issue_session(
        role="sesame", session_name="s", duration_s=3600, function="verify_otp"
    )


@pytest.mark.parametrize("options", [{}, {"region": "cn-hangzhou"}], ids=["v2", "v4"])
def test_both_signatures_are_taken_and_answered(
    server: RunningTablestore, options: dict[str, Any]
) -> None:
    """The SDK itself checks the answer's signature, date and MD5."""
    client = server.client(**options)
    create_table(client)
    put(client, "a", x=1)
    assert read(client, "a") == {"x": 1}


@pytest.mark.parametrize("options", [{}, {"region": "cn-hangzhou"}], ids=["v2", "v4"])
def test_signed_errors_reach_the_caller(server: RunningTablestore, options: dict[str, Any]) -> None:
    with pytest.raises(sdk.OTSServiceError) as caught:
        server.client(**options).describe_table("t")
    assert caught.value.get_error_code() == "OTSObjectNotExist"


@pytest.mark.parametrize("options", [{}, {"region": "cn-hangzhou"}], ids=["v2", "v4"])
def test_wrong_secret_is_refused(server: RunningTablestore, options: dict[str, Any]) -> None:
    root = server.cloud.identities.root
    client = server.client(replace(root, access_key_secret="wrong"), **options)
    assert refusal(client) == "Signature mismatch."


def test_unknown_key_is_refused(server: RunningTablestore) -> None:
    stranger = Identity("LTAIunknown", "secret")
    assert refusal(server.client(stranger)) == "The AccessKeyID does not exist."


@pytest.mark.parametrize("options", [{}, {"region": "cn-hangzhou"}], ids=["v2", "v4"])
def test_session_is_taken_with_its_token(
    server: RunningTablestore, session: Identity, options: dict[str, Any]
) -> None:
    create_table(server.client(session, **options))
    assert server.client(session, **options).list_table() == ("t",)


def test_session_without_token_is_refused(server: RunningTablestore, session: Identity) -> None:
    client = server.client(replace(session, token=""))
    assert refusal(client) == "The security token is missing: x-ots-ststoken."


def test_session_with_another_token_is_refused(
    server: RunningTablestore, session: Identity
) -> None:
    client = server.client(replace(session, token="CAISother"))
    assert refusal(client) == "The security token does not match the AccessKeyID."


def test_root_key_with_a_token_is_refused(server: RunningTablestore, session: Identity) -> None:
    client = server.client(replace(server.cloud.identities.root, token=session.token))
    assert refusal(client) == "The security token does not match the AccessKeyID."


def test_expired_session_is_refused(server: RunningTablestore, session: Identity) -> None:
    server.cloud.clock.advance(3601)
    assert refusal(server.client(session)) == "The security token has expired."


def test_secret_and_token_never_reach_an_error(
    server: RunningTablestore, session: Identity
) -> None:
    text = refusal(server.client(replace(session, token=session.token[:-1])))
    assert session.token[:8] not in text
    assert session.access_key_secret not in text


# ---- dates ----


@pytest.mark.parametrize("offset_s", [7200, -7200, 400 * 86_400])
def test_clients_on_the_host_s_clock_are_served_on_a_moved_cloud(
    server: RunningTablestore, offset_s: int
) -> None:
    """The SDK refuses an answer whose date is more than 15 minutes off its own clock."""
    server.cloud.clock.advance(offset_s)
    assert server.client().list_table() == ()


def test_clients_on_the_cloud_s_clock_are_answered_in_its_time(
    server: RunningTablestore,
) -> None:
    server.cloud.clock.advance(7200)
    then = datetime.now(timezone.utc) + timedelta(seconds=7200)
    answer = server.post("ListTable", date=then)
    assert answer.status == 200
    answered = datetime.strptime(answer.headers["x-ots-date"], "%Y-%m-%dT%H:%M:%S.%fZ")
    assert abs((answered - then.replace(tzinfo=None)).total_seconds()) < 60


@pytest.mark.parametrize("offset_s", [-960, 960])
def test_date_of_neither_clock_is_refused(server: RunningTablestore, offset_s: int) -> None:
    date = datetime.now(timezone.utc) + timedelta(seconds=offset_s)
    answer = server.post("ListTable", date=date)
    text = date.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert answer.status == 403
    assert answer.error == (
        "OTSAuthFailed",
        f"Mismatch between system time and x-ots-date: {text}.",
    )


@pytest.mark.parametrize("date", ["", "yesterday", "2026-13-01T00:00:00.000Z", "\xff"])
def test_unreadable_date_is_refused(server: RunningTablestore, date: str) -> None:
    answer = server.post("ListTable", headers={"x-ots-date": date})
    assert answer.status == 400
    assert answer.error[1].startswith("Invalid date format: ")


# ---- the rest of the request ----


@pytest.mark.parametrize(
    "name",
    [
        "x-ots-date",
        "x-ots-apiversion",
        "x-ots-accesskeyid",
        "x-ots-instancename",
        "x-ots-contentmd5",
        "x-ots-signature",
    ],
)
def test_missing_header_is_named(server: RunningTablestore, name: str) -> None:
    answer = server.post("ListTable", without=name)
    assert answer.status == 400
    assert answer.error == ("OTSParameterInvalid", f"Missing header: '{name}'.")


def test_body_must_have_the_md5_that_was_signed(server: RunningTablestore) -> None:
    answer = server.post("ListTable", b"", headers={"x-ots-contentmd5": "AAAA"})
    assert answer.status == 403
    assert answer.error == (
        "OTSAuthFailed",
        "Mismatch between MD5 value of request body and x-ots-contentmd5 in header.",
    )


def test_every_ots_header_is_signed(server: RunningTablestore) -> None:
    answer = server.post("ListTable", headers={"x-ots-signature": "AAAA"})
    assert answer.error == ("OTSAuthFailed", "Signature mismatch.")
    assert server.post("ListTable", headers={"x-ots-extra": " padded "}).status == 403
    assert server.post("ListTable", headers={"x-ots-extra": "plain"}).status == 200


def test_other_methods_than_post_are_refused(server: RunningTablestore) -> None:
    answer = server.post("ListTable", method="GET")
    assert answer.status == 405
    assert answer.error == ("OTSMethodNotAllowed", "Only POST method for requests is supported.")


def test_body_over_five_megabytes_is_refused(server: RunningTablestore) -> None:
    answer = server.post("PutRow", bytes(5 * 1024 * 1024 + 1))
    assert answer.status == 413
    assert answer.error == ("OTSRequestBodyTooLarge", "The size of POST data is too large.")


def test_answers_carry_a_request_id_of_their_own(server: RunningTablestore) -> None:
    ids = {server.post("ListTable").headers["x-ots-requestid"] for _ in range(3)}
    assert len(ids) == 3
