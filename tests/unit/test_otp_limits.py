"""What a phone, an address and a guesser may do, and how long they wait."""

from __future__ import annotations

import pytest

from shared.errors import (
    ProviderUnavailable,
    Throttled,
)
from shared.send_outcome import RefusalKind, SendRefused
from shared.throttle.limits import counted_address
from tests.fakes.service import KEY, OTHER, OtpService


def test_second_request_within_a_minute_is_throttled_over_all_purposes(otp: OtpService) -> None:
    otp.request()
    otp.clock.advance(20)

    with pytest.raises(Throttled) as caught:
        otp.request(purpose="signup")

    assert (caught.value.quota.policy, caught.value.retry_after_s) == ("phone_minute", 40)


def test_phones_are_limited_over_all_tenants(otp: OtpService) -> None:
    otp.request(tenant="shop")

    with pytest.raises(Throttled):
        otp.request(tenant="bank")


def test_five_an_hour_and_the_sixth_waits_for_the_first_to_leave(otp: OtpService) -> None:
    for _ in range(5):
        otp.request()
        otp.clock.advance(61)

    with pytest.raises(Throttled) as caught:
        otp.request()

    assert caught.value.quota.policy == "phone_hour"
    assert caught.value.retry_after_s == 3600 - 5 * 61
    otp.clock.advance(caught.value.retry_after_s - 1)
    with pytest.raises(Throttled):
        otp.request()
    otp.clock.advance(1)
    otp.request()


def test_ten_in_a_rolling_day_and_the_eleventh_waits(otp: OtpService) -> None:
    for _ in range(10):
        otp.request()
        otp.clock.advance(1200)

    with pytest.raises(Throttled) as caught:
        otp.request()

    assert caught.value.quota.policy == "phone_day"
    assert caught.value.retry_after_s == 86_400 - 12_000
    otp.clock.advance(caught.value.retry_after_s)
    otp.request()


def test_a_rolling_hour_never_holds_six(otp: OtpService) -> None:
    """Ask every 50 seconds for a day: no stretch of an hour may hold more than five sends."""
    times_ms: list[int] = []
    for _ in range(1800):
        try:
            otp.request()
            times_ms.append(otp.clock.now_ms())
        except Throttled:
            pass
        otp.clock.advance(50)

    for start in times_ms:
        assert sum(start <= each < start + 3_600_000 for each in times_ms) <= 5
    assert sum(each < times_ms[0] + 86_400_000 for each in times_ms) == 10


def test_an_address_is_limited_over_all_phones(otp: OtpService) -> None:
    for number in range(60):
        otp.request(f"+86138001380{number:02d}", client_ip="203.0.113.7")

    with pytest.raises(Throttled) as caught:
        otp.request(OTHER, client_ip="203.0.113.7")

    assert caught.value.quota.policy == "ip_hour"
    otp.request(OTHER, client_ip="203.0.113.8")


@pytest.mark.parametrize(
    ("client_ip", "counts_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::/64"),
    ],
)
def test_an_address_counts_as_one_customer(client_ip: str, counts_as: str) -> None:
    assert counted_address(client_ip) == counts_as


def test_a_request_refused_for_its_address_leaves_the_live_challenge_live(
    otp: OtpService,
) -> None:
    for number in range(60):
        otp.request(f"+86138001380{number:02d}", client_ip="203.0.113.7")
    issued = otp.request(OTHER)
    otp.clock.advance(61)

    with pytest.raises(Throttled):
        otp.request(OTHER, client_ip="203.0.113.7")

    otp.verify(issued.challenge_id)
    otp.request(OTHER)  # and the phone was not charged either


def test_a_withdrawn_request_never_revives_a_void_challenge(otp: OtpService) -> None:
    first = otp.request(OTHER)
    first_code = otp.sender.last_code
    otp.clock.advance(61)
    otp.sender.outcomes = [SendRefused(RefusalKind.UNAVAILABLE, "isv.AMOUNT_NOT_ENOUGH")]
    with pytest.raises(ProviderUnavailable):
        otp.request(OTHER)
    for number in range(60):
        otp.request(f"+86138001380{number:02d}", client_ip="203.0.113.7")
    with pytest.raises(Throttled):
        otp.request(OTHER, client_ip="203.0.113.7")

    assert otp.refuses(first.challenge_id, first_code)


def test_a_phone_gets_thirty_guesses_a_rolling_day(otp: OtpService) -> None:
    """Ten sends with three wrong guesses each; the next wait is for both budgets."""
    start_ms = otp.clock.now_ms()
    for _ in range(10):
        issued = otp.request()
        for _ in range(4):
            otp.refuses(issued.challenge_id, otp.wrong_code())
        otp.clock.advance(1200)

    row = next(row for key, row in otp.memory.rows.items() if key.item == "phone")
    assert sum(column.startswith("g_at_") for column in row) == 30
    otp.clock.advance(86_400 - (otp.clock.now_ms() - start_ms) / 1000)
    issued = otp.request()
    otp.verify(issued.challenge_id)


def test_a_spent_guess_budget_closes_requests_but_not_with_another_answer(
    otp: OtpService,
) -> None:
    issued = otp.request()
    row = next(row for key, row in otp.memory.rows.items() if key.item == "phone")
    now_ms = otp.clock.now_ms()
    row.update({f"g_at_{n:016x}_w10000": now_ms for n in range(30)})
    row["g_n86400"] = 300_000

    assert otp.refuses(issued.challenge_id)
    otp.clock.advance(61)
    with pytest.raises(Throttled) as caught:
        otp.request()
    assert caught.value.quota.policy == "phone_guesses"
    assert caught.value.retry_after_s == 86_400 - 61


def test_knowing_the_number_alone_spends_no_guess(otp: OtpService) -> None:
    issued = otp.request()
    other = otp.request(OTHER)
    for _ in range(40):
        otp.refuses(other.challenge_id[:-1], "000000")

    otp.verify(issued.challenge_id, otp.sender.sent[0][1])


def test_forms_of_one_number_share_their_limits(otp: OtpService) -> None:
    otp.request("+86 138 0013 8000")

    for form in ("008613800138000", "13800138000", "＋８６１３８００１３８０００"):
        with pytest.raises(Throttled):
            otp.request(form)


def test_a_success_tells_the_tightest_limit_of_the_phone(otp: OtpService) -> None:
    quota = otp.request().quota

    assert quota is not None
    assert (quota.policy, quota.remaining, quota.reset_s) == ("phone_minute", 0, 60)


def test_a_phones_last_send_of_the_hour_says_when_there_is_another(otp: OtpService) -> None:
    for _ in range(4):
        quota = otp.request().quota
        assert quota is not None
        assert quota.policy == "phone_minute"
        otp.clock.advance(61)

    issued = otp.request(key=KEY)

    assert issued.quota is not None
    assert (issued.quota.policy, issued.quota.remaining) == ("phone_hour", 0)
    assert issued.quota.reset_s == issued.resend_after_s == 3600 - 4 * 61
    assert otp.request(key=KEY).resend_after_s == issued.resend_after_s
    otp.clock.advance(issued.resend_after_s)
    otp.request()


def test_a_device_is_limited_over_all_phones(otp: OtpService) -> None:
    for number in range(60):
        otp.request(f"+86138001380{number:02d}", device_id="d-1")

    with pytest.raises(Throttled) as caught:
        otp.request(OTHER, device_id="d-1")
    assert caught.value.quota.policy == "device_hour"
    otp.request(OTHER, device_id="d-2")
