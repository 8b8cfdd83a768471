"""python -m infra.templates plan|apply|setting --stage dev

plan: what apply would do, how far each review is, and the sign's registration with the carriers.
apply: create and update what is to be. setting: the value of SESAME_NOTIFICATION_TEMPLATES.

With credentials in ALIBABA_CLOUD_*, and SESAME_SMS_ENDPOINT for another endpoint than the
provider's. Idempotent; 1 if a review was lost, a sign cannot be used, or a call was refused.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from infra.sms_catalogue import SIGN_NAME, StageUnusable, templates
from infra.templates.plan import Provider, ProviderRefused, Step, apply, codes, plan


def main(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.templates")
    parser.add_argument("action", choices=("plan", "apply", "setting"))
    parser.add_argument("--stage", required=True)
    parser.add_argument(
        "--pause-s", type=float, default=31, help="between two submissions; the rule is 30 or more"
    )
    chosen = parser.parse_args(arguments)
    from infra.templates.dysmsapi import provider_from  # 0.3 s, and not for --help

    try:
        provider = provider_from(environment)
    except KeyError as missing:
        print(f"templates: {missing.args[0]} is not set", file=sys.stderr)
        return 1
    try:
        wanted = templates(chosen.stage)
        steps = plan(wanted, provider.templates())
        if chosen.action == "setting":
            return _print_setting(steps)
        sign_held = _print_sign(provider)
        for step in steps:
            print(step)
        if chosen.action == "apply":
            for line in apply(steps, provider, pause_s=chosen.pause_s, sleep=sleep):
                print(line, flush=True)
        return 1 if not sign_held or any(step.is_rejected for step in steps) else 0
    except (StageUnusable, ProviderRefused) as error:
        print(f"templates: {error}", file=sys.stderr)
        return 1


def _print_sign(provider: Provider) -> bool:
    sign = provider.sign(SIGN_NAME)
    if sign is None:
        print(f"sign {SIGN_NAME}: not there; it needs documents, so it is made in the console")
        return False
    reason = f" ({sign.reason})" if sign.reason else ""
    carriers = ", ".join(f"{carrier} {state}" for carrier, state in sign.registrations.items())
    print(f"sign {SIGN_NAME}: {sign.state}{reason}; carriers: {carriers or 'not told'}")
    return not sign.is_rejected


def _print_setting(steps: Sequence[Step]) -> int:
    print(json.dumps(codes(steps)))
    missing = [
        step.template.name
        for step in steps
        if step.template.is_notification and not (step.held and step.held.state == "approved")
    ]
    if missing:
        print(f"templates: not approved, so left out: {', '.join(missing)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
