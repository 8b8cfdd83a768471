"""The cloud behind the inbox page on the wire: switches, faults, clock and invocations."""

from __future__ import annotations

import json

import httpx
import pytest

from infra.localcloud.inbox.panel import LINE_LIMIT, LINES_LIMIT, LISTED_COUNT
from tests.localcloud.inbox.site import PHONE, InboxSite, events_named

FAULT = {"service": "dysmsapi", "operation": "SendSms", "kind": "hang", "times": 2}
CHANGES = [
    ("POST", "/_inbox/phones", {"phone": PHONE, "state": "off"}),
    ("POST", "/_inbox/faults", FAULT),
    ("DELETE", "/_inbox/faults", None),
    ("POST", "/_inbox/clock", {"advance_s": 60}),
]


@pytest.fixture
def ours(site: InboxSite) -> dict[str, str]:
    """What a browser says of a request by the page itself."""
    return {"Origin": site.address, "Sec-Fetch-Site": "same-origin"}


def test_changes_of_the_page_reach_the_cloud(
    site: InboxSite, http: httpx.Client, ours: dict[str, str]
) -> None:
    for method, path, body in CHANGES:
        assert http.request(method, path, json=body, headers=ours).is_success, path

    assert site.sms.phones.all() == {PHONE: "off"}
    assert site.cloud.faults.waiting() == []
    assert site.cloud.clock.offset_s == 60


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}],
)
def test_changes_from_anywhere_else_are_refused(
    site: InboxSite,
    http: httpx.Client,
    method: str,
    path: str,
    body: dict[str, object],
    headers: dict[str, str],
) -> None:
    assert http.request(method, path, json=body, headers=headers).status_code == 403
    assert site.sms.phones.all() == {}
    assert site.cloud.clock.offset_s == 0


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/_inbox/phones", {"phone": PHONE, "state": "on fire"}, "state"),
        ("/_inbox/phones", {"phone": "\ud800", "state": "off"}, "body"),
        ("/_inbox/faults", {**FAULT, "service": "ecs"}, "service"),
        ("/_inbox/faults", {**FAULT, "kind": "error:<b>"}, "kind"),
        ("/_inbox/faults", {**FAULT, "times": 0}, "times"),
        ("/_inbox/clock", {"advance_s": 3.2e9}, "advance_s"),
        ("/_inbox/clock", {"advance_s": "1"}, "advance_s"),
        ("/_inbox/reply", {"phone": PHONE, "content": "x" * 10_000}, "content"),
    ],
)
def test_change_that_cannot_be_made_names_the_field(
    http: httpx.Client, ours: dict[str, str], path: str, body: dict[str, object], field: str
) -> None:
    answer = http.post(path, content=json.dumps(body), headers=ours)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


def test_body_beyond_all_measure_is_a_413(http: httpx.Client, ours: dict[str, str]) -> None:
    answer = http.post("/_inbox/reply", content=b"x" * 3_000_000, headers=ours)

    assert answer.status_code == 413


def test_stream_tells_of_the_cloud_as_it_is_moved(
    site: InboxSite, http: httpx.Client, ours: dict[str, str]
) -> None:
    with http.stream("GET", "/_inbox/events") as answer:
        stream = events_named("cloud", answer.iter_lines())
        first = next(stream)
        http.post("/_inbox/faults", json=FAULT, headers=ours)
        armed = next(stream)
        site.cloud.clock.advance(-3600)
        moved = next(stream)

    assert (first["faults"], first["invocations"], first["clock"]["offset_s"]) == ([], [], 0)
    assert armed["faults"] == [FAULT]
    assert moved["clock"]["offset_s"] == -3600


def test_stream_tells_of_switches_losses_and_what_is_on_its_way(
    site: InboxSite, http: httpx.Client, ours: dict[str, str]
) -> None:
    site.lose(PHONE, "MB:1041")
    http.post("/_inbox/phones", json={"phone": PHONE, "state": "full"}, headers=ours)
    with http.stream("GET", "/_inbox/events") as answer:
        told = next(events_named("inbox", answer.iter_lines()))

    assert told["phones"] == {PHONE: {"state": "full", "err_code": "MOBLLE_TERMINAL_ERROR"}}
    assert [(loss["phone"], loss["err_code"]) for loss in told["losses"]] == [(PHONE, "MB:1041")]
    assert told["expected"] == []


def test_invocations_are_listed_newest_first_without_their_lines(
    site: InboxSite, http: httpx.Client
) -> None:
    for number in range(LISTED_COUNT + 5):
        site.invoke(f"1-{number}", "a line")
    with http.stream("GET", "/_inbox/events") as answer:
        listed = next(events_named("cloud", answer.iter_lines()))["invocations"]

    assert len(listed) == LISTED_COUNT
    assert listed[0]["request_id"] == f"1-{LISTED_COUNT + 4}"
    assert (listed[0]["status"], listed[0]["cold_start"]) == (202, True)
    assert "log" not in listed[0]


def test_invocation_is_shown_with_lines_that_are_cut(site: InboxSite, http: httpx.Client) -> None:
    site.invoke("1-2", "x" * 50_000, *["more"] * LINES_LIMIT)

    shown = http.get("/_inbox/invocations/1-2").json()

    assert shown["log"][0] == "x" * LINE_LIMIT + "…"
    assert (len(shown["log"]), shown["left_out"]) == (LINES_LIMIT, 1)
    assert http.get("/_inbox/invocations/1-3").status_code == 404


@pytest.mark.parametrize(
    "payload", [b"", b"[" * 9_999 + b'"statusCode"', b'{"statusCode": true}', b'["statusCode"]']
)
def test_invocation_that_answered_no_http_has_no_status(
    site: InboxSite, http: httpx.Client, payload: bytes
) -> None:
    site.invoke("1-2", payload=payload)

    assert http.get("/_inbox/invocations/1-2").json()["status"] is None


@pytest.mark.parametrize("path", ["/_inbox/invocations/1-2", "/_inbox/operations"])
def test_other_site_s_page_reads_nothing_of_the_cloud(
    site: InboxSite, http: httpx.Client, path: str
) -> None:
    site.invoke("1-2", "a line")
    answer = http.get(path, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code in (403, 404)
    assert "a line" not in answer.text
