"""infra/docs/capacity.md and the table of the command, both from the model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from infra.capacity.constants import Measured
from infra.capacity.limits import Strain, strains
from infra.capacity.model import Assumptions, Need, need_of
from infra.capacity.prices import Prices

LOADS = (100.0, 1_000.0, 10_000.0)


def page(measured: Measured, assumed: Assumptions, prices: Prices) -> str:
    """The page, whole."""
    needs = [need_of(rps, measured, assumed) for rps in LOADS]
    first = needs[0]
    parts = [
        "# What a load needs, costs and breaks\n",
        "Made by `python -m infra.capacity page`; a test holds it up to date. Counts are those of "
        "a metered run on the local cloud (`python -m infra.capacity measure` writes "
        "`infra/capacity/measured.json`). None of it has been tried on a real account.\n",
        "A code is asked for, verified "
        f"{assumed.verifies_per_code:g} times and reported once by the provider. "
        "Assumed, and to be replaced by what your account shows: "
        f"{assumed.store_ms:g} ms a round trip to the store, {assumed.sms_ms:g} ms to the SMS "
        f"service, {assumed.headroom:.0%} more instances than the mean. A function's own work was "
        "timed on the machine of the run and is stretched to its part of a core.\n",
        "## One code\n",
        _one_code(measured, first),
        "A send of an instance that has no lease of the shared limits takes "
        f"{measured.counts['request_otp'].lease_write_cu} more of each unit, once in up to 64. "
        "Not in the table: about every fifth send to the same phone takes 2 round trips more, to "
        "tidy its counts.\n",
        "## What a load needs\n",
        _loads(needs),
        "## A million codes\n",
        _million(first, prices),
        "## What breaks first\n",
        *(_breaks(need) for need in needs),
    ]
    return "\n".join(parts)


def answer(need: Need, prices: Prices) -> str:
    """What the command prints for one load."""
    parts = [
        f"{need.rps:g} codes a second\n",
        _loads([need]),
        _million(need, prices),
        _breaks(need),
    ]
    return "\n".join(parts)


def _one_code(measured: Measured, need: Need) -> str:
    rows = [
        [
            each.name,
            ", ".join(f"{count} {name}" for name, count in counts.operations.items()) or "-",
            f"{counts.read_cu} + {counts.write_cu}",
            str(counts.log_bytes),
            f"{each.duration_ms:.0f}",
            f"{measured.of_this_machine.zip_bytes[each.name] / 1e6:.1f}",
        ]
        for each in need.functions
        for counts in [measured.counts[each.name]]
    ]
    head = ["function", "wire requests", "CU read + write", "log bytes", "ms, assumed", "zip, MB"]
    return _table(head, rows)


def _loads(needs: Sequence[Need]) -> str:
    rows = [
        [
            f"{need.rps:,.0f}",
            f"{need.instances:,} ("
            + ", ".join(f"{each.name} {each.instances:,}" for each in need.functions)
            + ")",
            f"{need.read_cu_s:,.0f} + {need.write_cu_s:,.0f}",
            f"{need.gb_s_million / 1e6 * need.rps:,.1f}",
            f"{need.log_bytes_s / 1e6:,.2f}",
            f"{need.rps:,.0f}",
        ]
        for need in needs
    ]
    head = ["codes/s", "instances", "CU/s read + write", "GB-s/s", "logs, MB/s", "messages/s"]
    return _table(head, rows)


def _million(need: Need, prices: Prices) -> str:
    money = need.money(prices)
    quantities = {
        "sms_segment": ("messages (segments)", need.segments_million),
        "tablestore_10k_read_cu": ("Tablestore read CU", need.read_cu_million),
        "tablestore_10k_write_cu": ("Tablestore write CU", need.write_cu_million),
        "fc_cu": (
            f"Function Compute CU ({need.vcpu_s_million:,.0f} vCPU-s, "
            f"{need.gb_s_million:,.0f} GB-s, {need.invocations_million:,.0f} invocations)",
            need.fc_cu_million,
        ),
        "sls_gb": ("logs, GB", need.log_gb_million),
    }
    rows = []
    for item, (label, quantity) in quantities.items():
        cost, price = money.items.get(item), prices.get(item)
        rows.append(
            [
                label,
                f"{quantity:,.1f}" if quantity < 100 else f"{quantity:,.0f}",
                f"{cost[0]:,.2f} {cost[1]}" if cost else "no price given",
                f"{_plain(price.amount)} {price.currency}, {price.date}: {price.source}"
                if price
                else "",
            ]
        )
    total = " + ".join(f"{amount:,.2f} {currency}" for currency, amount in money.totals.items())
    lacks = f", without {', '.join(money.unpriced)}" if money.unpriced else ""
    note = f"Total: {total or 'no prices'}{lacks}. Prices are the operator's (`--prices`).\n"
    return _table(["for a million codes", "quantity", "cost", "price"], rows) + "\n" + note


def _plain(amount: float) -> str:
    return f"{amount:.8f}".rstrip("0").rstrip(".")


def _breaks(need: Need) -> str:
    found = strains(need)
    broken = [each for each in found if each.ratio > 1]
    title = f"### At {need.rps:,.0f} codes a second\n"
    if not broken:
        closest = found[0]
        return (
            f"{title}\nNothing. Closest is {closest.limit.name}: {closest.ratio:.0%} of "
            f"{closest.limit.capacity:,.0f} {closest.limit.unit}.\n"
        )
    return f"{title}\n{_strain_table(broken, need.rps)}"


def _strain_table(found: Iterable[Strain], rps: float) -> str:
    rows = [
        [
            each.limit.name,
            f"{each.used:,.0f} of {each.limit.capacity:,.0f} {each.limit.unit}",
            f"{each.breaks_at_rps(rps):,.0f} codes/s",
            each.limit.answer,
            each.limit.source,
        ]
        for each in found
    ]
    return _table(["what breaks", "needed", "full at", "answer", "from"], rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows]]
    return "\n".join(lines) + "\n"
