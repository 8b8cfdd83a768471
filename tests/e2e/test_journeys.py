"""Request and verify through the gateway, the packaged functions and the real SDKs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from infra.background_cloud import BackgroundCloud
from tests.waiting import wait_until

NewPhone = Callable[[], str]


def request(cloud: BackgroundCloud, phone: str, **more: object) -> Any:
    answer = cloud.post("/v1/otp", {"phone": phone, "purpose": "login", **more})
    assert answer.status_code == 202, answer.text
    return answer.json()


def verify(cloud: BackgroundCloud, challenge_id: str, code: str, **more: object) -> int:
    body = {"challenge_id": challenge_id, "code": code, **more}
    return cloud.post("/v1/otp/verify", body).status_code


def wrong(code: str) -> str:
    return "000000" if code != "000000" else "111111"


def wire(cloud: BackgroundCloud) -> dict[tuple[str, str], int]:
    counts: Counter[tuple[str, str]] = Counter()
    for each in cloud.control("GET", "/meter")["operations"]:
        if each["function"] in ("request_otp", "verify_otp"):  # not the timer, nor receipts
            counts[each["service"], each["operation"]] += each["count"]
    return counts


def test_a_code_arrives_and_opens_the_door_once(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    phone = new_phone()
    issued = request(cloud, phone)
    message = cloud.messages(phone)[0]
    code = cloud.code_on(phone)

    answer = cloud.post("/v1/otp/verify", {"challenge_id": issued["challenge_id"], "code": code})

    assert answer.json() == {
        "verified": True,
        "challenge_id": issued["challenge_id"],
        "purpose": "login",
    }
    assert message["template_code"] == "SMS_100000001"
    assert message["text"].startswith("【芝麻开门】")
    assert verify(cloud, issued["challenge_id"], code) == 422


def test_the_answer_is_as_the_api_says(cloud: BackgroundCloud, new_phone: NewPhone) -> None:
    answer = cloud.post("/v1/otp", {"phone": new_phone(), "purpose": "login"})

    body = answer.json()
    assert set(body) == {
        "challenge_id",
        "expires_at",
        "expires_in_s",
        "resend_after_s",
        "code_length",
    }
    assert answer.headers["RateLimit-Policy"] == '"phone_minute";q=1;w=60'
    assert answer.headers["RateLimit"] == '"phone_minute";r=0;t=60'
    assert answer.headers["Content-Type"] == "application/json"


def test_request_and_verify_keep_their_budgets_of_round_trips(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    phone = new_phone()
    issued = request(cloud, phone, client={"ip": "203.0.113.9"})
    assert wire(cloud) == {("tablestore", "BatchWriteRow"): 2, ("dysmsapi", "SendSms"): 1}

    code = cloud.code_on(phone)
    for typed, status in ((wrong(code), 422), (code, 200)):
        cloud.control("DELETE", "/meter")
        assert verify(cloud, issued["challenge_id"], typed) == status
        assert wire(cloud) == {("tablestore", "BatchWriteRow"): 1}


@pytest.mark.parametrize("phone", ["+447911123456", "+13105550100", "+85251234567"])
def test_an_international_number_gets_the_international_template(
    cloud: BackgroundCloud, phone: str
) -> None:
    issued = request(cloud, phone)

    assert cloud.messages(phone)[0]["template_code"] == "SMS_200000001"
    assert verify(cloud, issued["challenge_id"], cloud.code_on(phone)) == 200


def test_fifty_right_codes_at_once_verify_once(cloud: BackgroundCloud, new_phone: NewPhone) -> None:
    phone = new_phone()
    challenge_id, code = request(cloud, phone)["challenge_id"], cloud.code_on(phone)

    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(lambda _: verify(cloud, challenge_id, code), range(50)))

    assert sorted(statuses) == [200] + [422] * 49


def test_fifty_wrong_codes_at_once_leave_nothing_to_guess(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    phone = new_phone()
    challenge_id, code = request(cloud, phone)["challenge_id"], cloud.code_on(phone)

    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(lambda _: verify(cloud, challenge_id, wrong(code)), range(50)))

    assert statuses == [422] * 50
    assert verify(cloud, challenge_id, code) == 422


def test_fifty_requests_at_once_send_one_message(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    phone = new_phone()
    body = {"phone": phone, "purpose": "login"}

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: cloud.post("/v1/otp", body), range(50)))

    assert sorted(answer.status_code for answer in answers) == [202] + [429] * 49
    assert len(cloud.messages(phone)) == 1
    issued = next(answer.json() for answer in answers if answer.status_code == 202)
    assert verify(cloud, issued["challenge_id"], cloud.code_on(phone)) == 200


def test_a_throttled_answer_tells_how_long(cloud: BackgroundCloud, new_phone: NewPhone) -> None:
    phone = new_phone()
    request(cloud, phone)

    answer = cloud.post("/v1/otp", {"phone": phone, "purpose": "signup"})

    body = answer.json()
    assert (answer.status_code, body["code"]) == (429, "throttled")
    assert body["violated-policies"] == ["phone_minute"]
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert 55 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["RateLimit"].startswith('"phone_minute";r=0;t=')


def test_a_resend_brings_the_same_code_after_the_cool_down(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    phone = new_phone()
    issued = request(cloud, phone)
    code = cloud.code_on(phone)
    cloud.advance(60)

    again = request(cloud, phone, challenge_id=issued["challenge_id"])

    assert again["expires_at"] == issued["expires_at"]
    assert [cloud.code_on(phone), len(cloud.messages(phone))] == [code, 2]
    assert verify(cloud, issued["challenge_id"], code) == 200


def test_a_code_expires_by_the_clouds_clock(cloud: BackgroundCloud, new_phone: NewPhone) -> None:
    phone = new_phone()
    issued = request(cloud, phone)
    code = cloud.code_on(phone)
    cloud.advance(301)

    assert verify(cloud, issued["challenge_id"], code) == 422


def test_the_providers_limits_are_never_the_first_to_say_no(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    """Ask as soon as our own limits allow, for longer than their longest window."""
    phone = new_phone()
    sent = 0
    for _ in range(18):
        answer = cloud.post("/v1/otp", {"phone": phone, "purpose": "login"})
        if answer.status_code == 202:
            sent += 1
            cloud.advance(60)
            continue
        assert answer.json()["violated-policies"] != ["provider"], answer.text
        cloud.advance(int(answer.headers["Retry-After"]))
    assert sent > 11


def test_another_tenants_challenge_is_unknown(cloud: BackgroundCloud, new_phone: NewPhone) -> None:
    phone = new_phone()
    body = {"challenge_id": request(cloud, phone)["challenge_id"], "code": cloud.code_on(phone)}

    assert cloud.post("/v1/otp/verify", body, tenant="second").status_code == 422
    assert cloud.post("/v1/otp/verify", body).status_code == 200


def test_a_context_is_bound_to_its_code(cloud: BackgroundCloud, new_phone: NewPhone) -> None:
    phone, bound = new_phone(), {"amount": "100.00", "payee": "王芳"}
    challenge_id = request(cloud, phone, purpose="payment", context=bound)["challenge_id"]
    code = cloud.code_on(phone)

    assert verify(cloud, challenge_id, code, context={**bound, "amount": "9"}) == 422
    answer = cloud.post(
        "/v1/otp/verify", {"challenge_id": challenge_id, "code": code, "context": bound}
    )
    assert answer.json()["context"] == bound


def test_an_idempotency_key_sends_once_and_replays(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    phone, key = new_phone(), {"Idempotency-Key": '"order-7"'}
    body = {"phone": phone, "purpose": "login"}
    first = cloud.post("/v1/otp", body, headers=key)
    again = cloud.post("/v1/otp", body, headers=key)

    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(cloud.messages(phone)) == 1
    other = cloud.post("/v1/otp", {**body, "purpose": "signup"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("fault", ["drop_after", "hang", "html_503", "error:isp.SYSTEM_ERROR"])
def test_an_ambiguous_send_is_tried_once_more_and_never_twice_delivered(
    cloud: BackgroundCloud, new_phone: NewPhone, fault: str
) -> None:
    phone = new_phone()
    cloud.control(
        "POST",
        "/faults",
        {"service": "dysmsapi", "operation": "SendSms", "kind": fault, "times": 1},
    )

    issued = request(cloud, phone)

    assert "delivery" not in issued
    assert len(cloud.messages(phone)) == 1
    assert verify(cloud, issued["challenge_id"], cloud.code_on(phone)) == 200


def test_a_send_that_stays_unclear_is_said_to_be_unconfirmed(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    phone = new_phone()
    for kind in ("drop_after", "html_503"):
        cloud.control(
            "POST",
            "/faults",
            {"service": "dysmsapi", "operation": "SendSms", "kind": kind, "times": 1},
        )

    issued = request(cloud, phone)

    assert issued["delivery"] == "unconfirmed"
    assert verify(cloud, issued["challenge_id"], cloud.code_on(phone)) == 200


def test_a_provider_out_of_money_is_503_and_charges_nothing(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    phone, body = new_phone(), {"purpose": "login"}
    cloud.control(
        "POST",
        "/faults",
        {
            "service": "dysmsapi",
            "operation": "SendSms",
            "kind": "error:isv.AMOUNT_NOT_ENOUGH",
            "times": 1,
        },
    )
    answer = cloud.post("/v1/otp", {"phone": phone, **body})

    assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert "AMOUNT" not in answer.text
    request(cloud, phone)


def test_a_store_that_is_down_is_503_and_sends_nothing(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    phone = new_phone()
    cloud.control(
        "POST",
        "/faults",
        {"service": "tablestore", "operation": "*", "kind": "error:OTSServerBusy", "times": 50},
    )
    answer = cloud.post("/v1/otp", {"phone": phone, "purpose": "login"})

    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert cloud.messages(phone) == []


def test_no_log_line_tells_a_code_or_a_number(cloud: BackgroundCloud, new_phone: NewPhone) -> None:
    phone = new_phone()
    cloud.control(
        "POST",
        "/faults",
        {"service": "dysmsapi", "operation": "SendSms", "kind": "drop_after", "times": 1},
    )
    issued = request(cloud, phone)
    code = cloud.code_on(phone)
    verify(cloud, issued["challenge_id"], wrong(code))
    verify(cloud, issued["challenge_id"], code)

    lines = "".join(line for each in cloud.control("GET", "/invocations") for line in each["log"])
    assert "+86******" in lines
    assert phone[3:] not in lines
    assert code not in lines


def test_the_same_api_stands_behind_the_traditional_gateway(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    phone = new_phone()
    answer = cloud.post("/apigateway/v1/otp", {"phone": phone, "purpose": "login"})
    assert answer.status_code == 202

    body = {"challenge_id": answer.json()["challenge_id"], "code": cloud.code_on(phone)}
    assert cloud.post("/apigateway/v1/otp/verify", body).status_code == 200


def test_a_write_that_lands_late_revives_no_code(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    """The first batch is carried out three seconds later, when its retry has long been used."""
    phone = new_phone()
    fault = {"service": "tablestore", "operation": "BatchWriteRow", "kind": "delay:3000"}
    cloud.control("POST", "/faults", {**fault, "times": 1})
    cloud.control("DELETE", "/meter")
    issued = request(cloud, phone)
    code = cloud.code_on(phone)
    assert verify(cloud, issued["challenge_id"], code) == 200

    wait_until(lambda: wire(cloud)[("tablestore", "BatchWriteRow")] == 4)

    assert verify(cloud, issued["challenge_id"], code) == 422
