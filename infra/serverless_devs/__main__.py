"""`python -m infra.serverless_devs check [FILE]`: every problem of an `s.yaml`, and exit code 1.

`... runtime [FILE]` prints the one runtime that all of its functions name.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.serverless_devs.manifest import Manifest, ManifestInvalid
from infra.serverless_devs.reader import render


def main(arguments: Sequence[str] | None = None) -> int:
    """0 and what was asked for if the file is sound; else 1, its problems on stdout."""
    parser = argparse.ArgumentParser(prog="infra.serverless_devs", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in (
        ("check", "print every problem of an s.yaml"),
        ("runtime", "print the runtime that its functions name"),
    ):
        command = commands.add_parser(name, help=purpose)
        command.add_argument("file", nargs="?", type=Path, default=Path("s.yaml"))
        command.add_argument(
            "--env-file", type=Path, help="NAME=value lines for what the environment does not set"
        )
    options = parser.parse_args(arguments)
    try:
        manifest = _rendered(options.file, options.env_file)
    except ManifestInvalid as invalid:
        print(invalid)
        return 1
    if options.command == "check":
        print(f"{options.file}: {len(manifest.functions)} functions, ok")
        return 0
    runtimes = sorted({spec.runtime for spec in manifest.functions})
    print(" ".join(runtimes))
    return 0 if len(runtimes) == 1 else 1


def _rendered(file: Path, env_file: Path | None) -> Manifest:
    environment = {**(_env_file(env_file) if env_file else {}), **os.environ}
    return render(file, environment=environment, account_id=environment.get("AccountID"))


def _env_file(path: Path) -> dict[str, str]:
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {
        name.strip().removeprefix("export "): value.strip().strip("'\"") for name, _, value in pairs
    }


if __name__ == "__main__":
    sys.exit(main())
