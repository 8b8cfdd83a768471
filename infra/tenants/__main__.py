"""python -m infra.tenants list|add|rotate|scopes|revoke|setting [--file tenants.json] [--dry-run]

    add TENANT [--scopes S+S] [--hash H]  make a key, which is shown this once; or take one on
    rotate TENANT                         a second key like the newest one, beside it
    scopes KEY S+S|all                    what a key is good for, from the next deployment on
    revoke KEY... | --tenant TENANT       end keys within a minute, by their rows in Tablestore
    setting                               SESAME_API_KEYS for the next deployment

`all` is every scope but operate, which shows the console every tenant and has to be named: an
operator's key is `add TENANT --scopes figures+support+operate`.

One file a stage. It holds hashes; a key that is lost is not to be had again, and is rotated. revoke
wants SESAME_TABLESTORE_ENDPOINT, SESAME_TABLESTORE_INSTANCE and credentials in the environment, and
may be run again. Exit code 1 if something was refused or failed, 2 for a command that is none.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from infra.tenants.journey import Keeper, Refused
from infra.tenants.registry import RegistryFile, RegistryInvalid
from shared.access.api_keys import hash_key
from shared.clock import Clock, SystemClock
from shared.errors import SesameError
from shared.rows import RowStore

SIZE_LIMIT = 4096
"""Bytes of all environment variables of a function together (the platform's limit)."""
SIZE_NEAR = 2048


def main(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    clock: Clock | None = None,
    new_key: Callable[[], str] = lambda: "sk_" + secrets.token_urlsafe(32),
) -> int:
    """The command line; the exit code. Keys and settings go to stdout, all else to stderr."""
    asked = _parser().parse_args(arguments)
    try:
        keeper = Keeper(
            RegistryFile(asked.file),
            clock=clock or SystemClock(),
            store=lambda: _store(environment),
            is_rehearsal=asked.dry_run,
            say=lambda text: print(text, file=sys.stderr),
        )
        return _run(asked, keeper, new_key)
    except (RegistryInvalid, Refused) as error:
        print(f"tenants: {error}", file=sys.stderr)
    except SesameError as error:
        # The adapter's own word, such as OTSAuthFailed; never an SDK's text.
        print(f"tenants: {error.code} ({error}): run it again", file=sys.stderr)
    return 1


def _run(asked: argparse.Namespace, keeper: Keeper, new_key: Callable[[], str]) -> int:
    match asked.command:
        case "list":
            for line in keeper.lines(asked.tenant):
                print(line)
        case "add":
            key = None if asked.hash else new_key()
            digest = asked.hash or hash_key(str(key))
            if keeper.add(asked.tenant, digest, asked.scopes) and key:
                print(key)
        case "rotate":
            key = new_key()
            if keeper.rotate(asked.tenant, hash_key(key)):
                print(key)
        case "scopes":
            keeper.limit(asked.key, asked.scopes)
        case "revoke":
            keeper.revoke(asked.keys, asked.tenant)
        case _:
            return _setting(keeper)
    return 0


def _setting(keeper: Keeper) -> int:
    setting = keeper.setting()
    size = len("API_KEYS") + len(setting)
    if size > SIZE_LIMIT:
        raise Refused(f"API_KEYS takes {size} bytes, over a function's {SIZE_LIMIT}: revoke keys")
    print(f"SESAME_API_KEYS={setting}")
    if size > SIZE_NEAR:
        print(
            f"tenants: API_KEYS takes {size} of the {SIZE_LIMIT} bytes that all variables of a "
            "function share: revoke what is not used",
            file=sys.stderr,
        )
    return 0


def _store(environment: Mapping[str, str]) -> RowStore:
    try:
        endpoint = environment["SESAME_TABLESTORE_ENDPOINT"]
        instance = environment["SESAME_TABLESTORE_INSTANCE"]
    except KeyError as missing:
        raise Refused(f"{missing.args[0]} is not set") from None
    from shared.aliyun.tablestore import TablestoreRows  # 0.3 s, and for revoke alone

    return TablestoreRows(endpoint=endpoint, instance=instance)


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--file", type=Path, default=Path("tenants.json"))
    common.add_argument("--dry-run", action="store_true", help="say it, and change nothing")
    parser = argparse.ArgumentParser(prog="python -m infra.tenants")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, purpose: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=purpose, parents=[common])

    listed = command("list", "the keys, and what they are good for")
    listed.add_argument("--tenant")
    added = command("add", "make a key, or take one on by its hash")
    added.add_argument("tenant")
    added.add_argument("--scopes", default="all", help="such as otp:request+otp:verify")
    added.add_argument("--hash", help="SHA-256, in hex, of a key that is in use already")
    rotated = command("rotate", "a second key like the tenant's newest")
    rotated.add_argument("tenant")
    limited = command("scopes", "what a key is good for")
    limited.add_argument("key")
    limited.add_argument("scopes")
    revoked = command("revoke", "end keys within a minute")
    revoked.add_argument("keys", nargs="*", metavar="key")
    revoked.add_argument("--tenant", help="all of a tenant's keys")
    command("setting", "SESAME_API_KEYS for the next deployment")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
