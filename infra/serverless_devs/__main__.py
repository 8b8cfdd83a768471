"""`python -m infra.serverless_devs check [FILE]`: every problem of an `s.yaml`, and exit code 1."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.serverless_devs.manifest import ManifestInvalid
from infra.serverless_devs.reader import render


def main(arguments: Sequence[str] | None = None) -> int:
    """0 and a line that says so if the file is sound; else 1, its problems on stdout."""
    parser = argparse.ArgumentParser(prog="infra.serverless_devs", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="print every problem of an s.yaml")
    check.add_argument("file", nargs="?", type=Path, default=Path("s.yaml"))
    check.add_argument("--env-file", type=Path, help="NAME=value lines for ${env(..)}")
    options = parser.parse_args(arguments)
    environment = dict(os.environ)
    if options.env_file is not None:
        environment |= _env_file(options.env_file)
    try:
        manifest = render(
            options.file, environment=environment, account_id=environment.get("AccountID")
        )
    except ManifestInvalid as invalid:
        print(invalid)
        return 1
    print(f"{options.file}: {len(manifest.functions)} functions, ok")
    return 0


def _env_file(path: Path) -> dict[str, str]:
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {
        name.strip().removeprefix("export "): value.strip().strip("'\"") for name, _, value in pairs
    }


if __name__ == "__main__":
    sys.exit(main())
