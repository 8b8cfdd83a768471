"""`python -m infra.serverless_devs check [FILE]`: every problem of an `s.yaml`, and exit code 1.

`check` also looks for the platform's traps, compares every block with the SDK's models, and follows
every name into this project; `check --alone` judges the file by itself. `runtime [FILE]` prints the
one runtime that all of its functions name; `install` and `tool [FILE]` are for the real tool (see
tool.py).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.serverless_devs.manifest import Manifest, ManifestInvalid
from infra.serverless_devs.problems import Problems
from infra.serverless_devs.reader import Check, render

ENV_EXAMPLE = Path(__file__).resolve().parents[1] / "s.env.example"
CHECKED_ACCOUNT_ID = "1234567890123456"
"""Stands for the operator's account, so that a name built of it is whole."""
SECRETS = (
    "SESAME_API_KEYS",
    "SESAME_OTP_KEYS",
    "SESAME_PSEUDONYM_KEY",
    "SESAME_RECORD_KEY",
    "SESAME_CONSOLE_KEY",
    "SESAME_CALLBACK_SECRETS",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 and what was asked for if the file is sound; else 1, its problems on stdout."""
    parser = argparse.ArgumentParser(prog="infra.serverless_devs", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in (
        ("check", "print every problem of an s.yaml"),
        ("runtime", "print the runtime that its functions name"),
        ("tool", "render and verify it with the real tool"),
        ("install", "have the real tool below build/"),
    ):
        command = commands.add_parser(name, help=purpose)
        command.add_argument("file", nargs="?", type=Path, default=Path("s.yaml"))
        command.add_argument(
            "--env-file", type=Path, help="NAME=value lines for what the environment does not set"
        )
        if name == "check":
            command.add_argument("--alone", action="store_true", help="the file by itself")
            command.add_argument("--stage", action="append", help="instead of STAGE; repeatable")
    options = parser.parse_args(arguments)
    environment = {**(read_env_file(options.env_file) if options.env_file else {}), **os.environ}
    try:
        match options.command:
            case "check":
                return _check(options, environment)
            case "tool":
                from infra.serverless_devs.tool import compare

                return compare(options.file, environment)
            case "install":
                from infra.serverless_devs.tool import missing

                reason = missing()
                print(reason or "", end="\n" if reason else "")
                return 1 if reason else 0
        manifest = render(
            options.file, environment=environment, account_id=environment.get("AccountID")
        )
    except ManifestInvalid as invalid:
        print(invalid)
        return 1
    runtimes = sorted({spec.runtime for spec in manifest.functions})
    print(" ".join(runtimes))
    return 0 if len(runtimes) == 1 else 1


def _check(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    if options.env_file and not options.env_file.samefile(ENV_EXAMPLE):
        example = read_env_file(ENV_EXAMPLE)
        known = [name for name in SECRETS if environment.get(name) == example[name]]
        for name in known:
            print(f"{options.env_file}: {name}: is still the example's, which everyone knows")
        if known:
            return 1
    stages = options.stage or [environment.get("STAGE", "dev")]
    manifest: Manifest | None = None
    for stage in stages:
        manifest = render(
            options.file,
            environment={**environment, "STAGE": stage},
            account_id=environment.get("AccountID") or CHECKED_ACCOUNT_ID,
            further_checks=() if options.alone else _checks(options.file, stage),
        )
    count = len(manifest.functions) if manifest else 0
    note = f", {', '.join(stages)}" if options.stage else ""
    print(f"{options.file}: {count} functions{note}, ok")
    return 0


def _checks(file: Path, stage: str) -> Sequence[Check]:
    # Imported here, as they need what an operator has installed and the local cloud has not.
    from infra.serverless_devs.openapi_models import check_against_sdk
    from infra.serverless_devs.references import References
    from infra.serverless_devs.traps import check_text, check_traps

    def written(_: Mapping[str, dict[str, object]], problems: Problems) -> None:
        check_text(file, problems)

    references = References(
        file, stage=stage, account_id=CHECKED_ACCOUNT_ID, env_example=ENV_EXAMPLE
    )
    return (check_traps, check_against_sdk, references.check, written)


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of a file of NAME=value lines, as a shell and the tool read them."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip().removeprefix("export "): _unquoted(value) for name, _, value in pairs}


def _unquoted(value: str) -> str:
    value = value.strip()
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if is_quoted else value


if __name__ == "__main__":
    sys.exit(main())
