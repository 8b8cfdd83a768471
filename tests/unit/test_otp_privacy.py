"""What can be read from the store, and from ids."""

from __future__ import annotations

from tests.fakes.service import KEY, OtpService


def test_the_store_holds_neither_code_nor_number(otp: OtpService) -> None:
    context = {"payee": "Wang Fang", "phone": "13700137000"}
    issued = otp.request(client_ip="203.0.113.7", key=KEY, context=context)
    held = repr(otp.memory.rows)

    assert otp.sender.last_code not in held.replace(issued.challenge_id, "")
    assert "13800138000" not in held
    assert "203.0.113.7" not in held
    assert "Wang" not in held
    assert "13700137000" not in held


def test_two_ids_of_one_phone_have_nothing_in_common(otp: OtpService) -> None:
    first = otp.request().challenge_id
    otp.clock.advance(61)
    second = otp.request().challenge_id

    assert sum(a == b for a, b in zip(first, second, strict=True)) < 12


def test_a_clock_set_back_does_not_lengthen_a_codes_life(otp: OtpService) -> None:
    issued = otp.request()
    otp.clock.advance(-3600)

    assert otp.refuses(issued.challenge_id)


def test_a_small_difference_of_clocks_does_no_harm(otp: OtpService) -> None:
    issued = otp.request()
    otp.clock.advance(-5)

    otp.verify(issued.challenge_id)
