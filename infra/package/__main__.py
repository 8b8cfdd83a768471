"""`python -m infra.package`: make the deployable folders, print a table of sizes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.package.build import build
from infra.package.model import PackagingFailed
from infra.package.targets import TARGETS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 1, with one line on stderr, if the build failed."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=__doc__)
    parser.add_argument("functions", nargs="*", metavar="FUNCTION", help="default: all of them")
    parser.add_argument("--target", choices=TARGETS, default="here")
    parser.add_argument("--out", type=Path, default=Path("build"))
    parser.add_argument("--zip", action="store_true", help="also write OUT/FUNCTION.zip")
    options = parser.parse_args(arguments)
    try:
        report = build(
            options.target, options.out, functions=options.functions, with_zip=options.zip
        )
    except PackagingFailed as failure:
        print(f"package: {failure}", file=sys.stderr)
        return 1
    print(report.table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
