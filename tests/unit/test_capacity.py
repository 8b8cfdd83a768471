"""The model of load and cost: arithmetic, prices, what breaks first, and the page made from it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from infra.capacity.__main__ import PAGE, main
from infra.capacity.constants import FunctionCounts, Measured, OfThisMachine, read_measured
from infra.capacity.limits import strains
from infra.capacity.model import Assumptions, need_of
from infra.capacity.page import page
from infra.capacity.prices import Price, PricesInvalid, read_prices

NOTHING = FunctionCounts(
    operations={},
    read_cu=0,
    write_cu=0,
    log_bytes=0,
    lease_read_cu=0,
    lease_write_cu=0,
    cpu=0.5,
    memory_mb=512,
)
MEASURED = Measured(
    counts={
        "request_otp": replace(
            NOTHING,
            operations={"tablestore.BatchWriteRow": 2, "dysmsapi.SendSms": 1},
            read_cu=4,
            write_cu=3,
            log_bytes=1000,
            lease_write_cu=64,
        ),
        "verify_otp": replace(NOTHING, operations={"tablestore.BatchWriteRow": 1}, read_cu=2),
        "receive_receipt": NOTHING,
    },
    of_this_machine=OfThisMachine(
        durations_ms={"request_otp": 20.0, "verify_otp": 10.0, "receive_receipt": 5.0},
        zip_bytes={"request_otp": 1, "verify_otp": 1, "receive_receipt": 1},
    ),
)
ASSUMED = Assumptions(store_ms=10, sms_ms=240, verifies_per_code=2, headroom=0.5)


def test_need_has_an_instance_for_each_request_at_work_and_headroom() -> None:
    need = need_of(100, MEASURED, ASSUMED)

    # request: 20 / 0.5 + 2 * 10 + 240 = 300 ms, verify: 10 / 0.5 + 10 = 30 ms, receipt: 10 ms
    assert [each.duration_ms for each in need.functions] == [300, 30, 10]
    assert [each.instances for each in need.functions] == [45, 9, 2]


def test_need_takes_the_operators_durations() -> None:
    assumed = replace(ASSUMED, durations_ms={"request_otp": 100})

    assert need_of(100, MEASURED, assumed).functions[0].instances == 15


def test_need_adds_up_units_bytes_and_messages() -> None:
    need = need_of(10, MEASURED, replace(ASSUMED, segments=2))

    assert (need.read_cu_s, need.write_cu_s) == (80, 40)  # the lease: one unit of 64 a send
    assert need.store_requests_s == 40
    assert need.log_gb_million == 1
    assert need.segments_million == 2_000_000
    assert need.vcpu_s_million == pytest.approx((0.3 + 2 * 0.03 + 0.01) * 0.5 * 1_000_000)
    assert need.gb_s_million == pytest.approx((0.3 + 2 * 0.03 + 0.01) * 0.5 * 1_000_000)


def test_money_is_added_by_currency_and_says_what_it_lacks() -> None:
    prices = {
        "sms_segment": Price(0.05, "CNY", "2026-01", "a contract"),
        "tablestore_10k_read_cu": Price(0.01, "CNY", "2026-01", "a contract"),
        "fc_cu": Price(0.001, "USD", "2026-01", "a contract"),
    }
    need = need_of(10, MEASURED, ASSUMED)

    money = need.money(prices)

    assert money.totals["CNY"] == pytest.approx(50_000 + 8)
    assert money.totals["USD"] == pytest.approx(need.fc_cu_million / 1000)
    assert money.unpriced == ("tablestore_10k_write_cu", "sls_gb")


def test_money_never_takes_an_example_for_a_missing_price() -> None:
    assert need_of(10, MEASURED, ASSUMED).money({}).totals == {}


@pytest.mark.parametrize("rps", [100, 1_000, 10_000])
def test_strains_come_with_the_first_to_break_in_front(rps: int) -> None:
    found = strains(need_of(rps, MEASURED, ASSUMED))

    assert [each.ratio for each in found] == sorted((e.ratio for e in found), reverse=True)
    for each in found:
        assert each.breaks_at_rps(rps) * each.ratio == pytest.approx(rps)


def test_strains_name_the_provider_only_beyond_its_rate() -> None:
    def broken(rps: int) -> set[str]:
        found = strains(need_of(rps, MEASURED, ASSUMED))
        return {each.limit.name for each in found if each.ratio > 1}

    assert "SendSms" not in broken(5_000)
    assert "SendSms" in broken(5_001)


def test_examples_say_that_they_are_and_where_they_are_from() -> None:
    prices = read_prices()

    assert prices
    assert all(price.date and price.source for price in prices.values())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ('{"gold": null}', "no such item: gold"),
        ('{"fc_cu": {"amount": "much"}}', "fc_cu"),
    ],
)
def test_prices_refuse_what_is_no_list_of_prices(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "prices.json"
    file.write_text(content)

    with pytest.raises(PricesInvalid, match=said):
        read_prices(file)


def test_command_takes_prices_and_durations_of_the_operator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = {"amount": 1, "currency": "EUR", "date": "2026-11", "source": "a contract"}
    file = tmp_path / "prices.json"
    file.write_text(json.dumps({"sms_segment": entry}))

    status = main(["--rps", "50", "--prices", str(file), "--duration-ms", "request_otp=1000"])

    said = capsys.readouterr().out
    assert status == 0
    assert "request_otp 75" in said
    assert "1,000,000.00 EUR" in said


@pytest.mark.parametrize(
    "arguments", [["--duration-ms", "sing=1"], ["--prices", "/nonexistent/prices.json"]]
)
def test_command_fails_with_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("rps", ["0", "-1", "inf", "many"])
def test_command_refuses_a_load_that_is_none(rps: str) -> None:
    with pytest.raises(SystemExit):
        main([f"--rps={rps}"])


def test_page_is_what_the_model_says() -> None:
    """Else: python -m infra.capacity page"""
    assert PAGE.read_text() == page(read_measured(), Assumptions(), read_prices())
