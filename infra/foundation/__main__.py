"""python -m infra.foundation [plan|apply] --stage dev [--account 1234567890123456]

plan, which is what it does unless told otherwise: what apply would do, a line each: `+` is to be
made, `~` to be changed, `!` cannot be done without destroying something. apply: does it, in the
order of what stands on what. Nothing is ever deleted, and what is not ours is left alone.
Settings: infra/foundation/settings.py.

Exit code 0: done, or nothing to refuse. 1: a failure, one line with a stable code; to run it again
goes on from there. 2: something would be destroyed, and nothing was done.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from infra.foundation.model import FoundationFailed, Hosts, Identity, Resource
from infra.foundation.plan import Step, apply, clearer, plan
from infra.foundation.settings import Settings, read_settings

_PAUSE_S = 3.0
_ADVICE = {
    "no_credentials": "set them, or source the file that does",
    "credentials_expired": "take new ones and run it again",
    "credentials_refused": "check the key and its secret",
    "wrong_account": "take the credentials of the account that is meant",
    "forbidden": "whoever applies needs the rights of an administrator of the account",
    "not_connected": "check the endpoint and the network, and run it again",
    "answer_lost": "run it again",
    "throttled": "wait a minute and run it again",
    "not_there_yet": "wait a minute and run it again",
    "name_taken": "another account has that name: set SESAME_LOG_PROJECT, also for s.yaml",
}


def main(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.foundation")
    parser.add_argument("action", nargs="?", choices=("plan", "apply"), default="plan")
    parser.add_argument("--stage", required=True)
    parser.add_argument("--account", default="", help="refuse any other account")
    chosen = parser.parse_args(arguments)
    try:
        settings = read_settings(environment, stage=chosen.stage, account_id=chosen.account)
    except FoundationFailed as failure:
        return _told(failure)
    from infra.foundation.sts import StsIdentity  # 0.3 s, and not for --help
    from infra.foundation.wanted import wanted

    with account_hosts(settings) as hosts:
        identity = StsIdentity(settings)
        try:
            account_id = meant_account(settings, identity)
            resources = wanted(settings, account_id)
        except FoundationFailed as failure:
            return _told(failure)
        print(f"account {account_id}, stage {settings.stage}, region {settings.region}")
        return run(chosen.action, resources, hosts, identity, sleep=sleep)


def run(
    action: str,
    resources: Sequence[Resource],
    hosts: Hosts,
    identity: Identity,
    *,
    sleep: Callable[[float], None],
) -> int:
    """Plan, and apply if that is the action; the exit code."""
    try:
        steps = plan(resources, hosts)
    except FoundationFailed as failure:
        return _told(clearer(failure, identity))
    for step in steps:
        print(step)
    refused = [step for step in steps if step.sign == "!"]
    if refused:
        nothing = "" if action == "plan" else "; nothing was done"
        print(f"foundation: destructive_change: {len(refused)} refused{nothing}", file=sys.stderr)
        return 2
    there = len(resources) - len(steps)
    if action == "plan":
        print(f"{len(steps)} to do, {there} as they should be")
        return 0
    done: list[Step] = []
    try:
        for step in apply(steps, hosts, pause_s=_PAUSE_S, sleep=sleep):
            done.append(step)
            print(f"done: {step.sign} {step.resource}", flush=True)
    except FoundationFailed as failure:
        at = f" at {steps[len(done)].resource}, {len(done)} of {len(steps)} done"
        return _told(clearer(failure, identity), at)
    print(f"{len(done)} done, {there} as they should be")
    return 0


def meant_account(settings: Settings, identity: Identity) -> str:
    """The account of the credentials. Raises FoundationFailed, wrong_account if it is not the one
    that is meant, or not that of the queues.
    """
    account_id = identity.account_id()
    for meant in (settings.account_id, settings.queue_owner):
        if meant and meant != account_id:
            raise FoundationFailed("wrong_account", f"{account_id}, not {meant}")
    return account_id


@contextmanager
def account_hosts(settings: Settings) -> Iterator[Hosts]:
    """The hosts of an account; its connections are closed at the end."""
    from infra.foundation.ram import RamAttachments, RamPolicies, RamRoles, ram_client
    from infra.foundation.sls import (
        SlsAlerts,
        SlsDashboards,
        SlsIndexes,
        SlsProjects,
        SlsStores,
        sls_client,
    )
    from infra.foundation.smq import SmqQueues, SmqTopics, smq_account
    from infra.foundation.tablestore import TablestoreTables, tablestore_client

    tables, account = tablestore_client(settings), smq_account(settings)
    logs, ram = sls_client(settings), ram_client(settings)
    try:
        yield {
            "table": TablestoreTables(tables),
            "queue": SmqQueues(account),
            "topic": SmqTopics(account),
            "log_project": SlsProjects(logs),
            "log_store": SlsStores(logs),
            "log_index": SlsIndexes(logs),
            "dashboard": SlsDashboards(logs),
            "alert": SlsAlerts(logs),
            "role": RamRoles(ram),
            "policy": RamPolicies(ram),
            "attachment": RamAttachments(ram),
        }
    finally:
        account.get_client().close_connection()


def _told(failure: FoundationFailed, at: str = "") -> int:
    advice = _ADVICE.get(failure.code, "")
    print(f"foundation: {failure}{at}{f'; {advice}' if advice else ''}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
