"""`python -m infra.capacity`: what a load needs, costs and breaks.

python -m infra.capacity --rps 100 [--prices FILE] [--store-ms 10] [--duration-ms NAME=MS]
python -m infra.capacity measure     # runs the journeys on a local cloud, writes measured.json
python -m infra.capacity page        # writes infra/docs/capacity.md
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.background_cloud import CloudFailed
from infra.capacity.constants import MEASURED, as_json, read_measured
from infra.capacity.measure import measure
from infra.capacity.model import Assumptions, need_of
from infra.capacity.page import answer, page
from infra.capacity.prices import EXAMPLES, PricesInvalid, read_prices
from infra.package import PackagingFailed

PAGE = Path(__file__).resolve().parents[1] / "docs" / "capacity.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 1, with a line on stderr, if it could not."""
    options = _parser().parse_args(arguments)
    try:
        if options.do == "measure":
            MEASURED.write_text(as_json(measure()), encoding="utf-8")
            print(f"wrote {MEASURED.name}; now: python -m infra.capacity page")
        elif options.do == "page":
            PAGE.write_text(page(read_measured(), Assumptions(), read_prices()), encoding="utf-8")
        else:
            measured = read_measured()
            durations = dict(options.duration_ms)
            if unknown := sorted(durations.keys() - measured.counts.keys()):
                raise CapacityRefused(f"no such function: {', '.join(unknown)}")
            assumed = Assumptions(
                store_ms=options.store_ms,
                sms_ms=options.sms_ms,
                verifies_per_code=options.verifies,
                segments=options.segments,
                headroom=options.headroom,
                durations_ms=durations,
            )
            print(answer(need_of(options.rps, measured, assumed), read_prices(options.prices)))
    except (PricesInvalid, CapacityRefused, CloudFailed, PackagingFailed) as failure:
        print(f"capacity: {failure}", file=sys.stderr)
        return 1
    return 0


class CapacityRefused(Exception):
    """What was asked for makes no sense; the text is one line."""


def _parser() -> argparse.ArgumentParser:
    assumed = Assumptions()
    parser = argparse.ArgumentParser(
        prog="python -m infra.capacity",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("do", nargs="?", choices=("need", "measure", "page"), default="need")
    parser.add_argument("--rps", type=_positive, default=100.0, help="codes a second (100)")
    parser.add_argument("--prices", type=Path, default=EXAMPLES, metavar="FILE")
    parser.add_argument("--store-ms", type=_positive, default=assumed.store_ms)
    parser.add_argument("--sms-ms", type=_positive, default=assumed.sms_ms)
    parser.add_argument("--verifies", type=_positive, default=assumed.verifies_per_code)
    parser.add_argument("--segments", type=_positive, default=assumed.segments)
    parser.add_argument("--headroom", type=_positive, default=assumed.headroom)
    parser.add_argument(
        "--duration-ms", type=_duration, action="append", default=[], metavar="FUNCTION=MS"
    )
    return parser


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise ValueError(text)
    return number


def _duration(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    return name, _positive(number)


if __name__ == "__main__":
    sys.exit(main())
