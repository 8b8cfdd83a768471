"""Our two functions with a store and a provider in their own process: all but the wire.

python -m tests.bench.otp_throughput_memory: events in, a line of JSON out, as the probe does.
"""

from __future__ import annotations

import json
import os
import sys
import time

import shared.aliyun.tablestore
import shared.sms.dysmsapi
from shared import wiring
from shared.fc.handler import HttpFunction
from tests.fakes.hands import ScriptedGateway
from tests.fakes.memory_rows import MemoryRows


class Context:
    """What the runtime hands in, as far as it is used."""

    request_id = "bench"


def event(path: str, body: object) -> bytes:
    """An HTTP event of the default tenant's."""
    return json.dumps(
        {
            "version": "v1",
            "rawPath": path,
            "headers": {
                "content-type": "application/json",
                "authorization": f"Bearer {os.environ['BENCH_KEY']}",
            },
            "body": json.dumps(body),
            "isBase64Encoded": False,
            "requestContext": {"http": {"method": "POST", "path": path}},
        }
    ).encode()


def main(pairs: int, warm_up: int) -> None:
    """Measure and print CPU seconds by kind."""
    rows, gateway = MemoryRows(), ScriptedGateway()
    shared.aliyun.tablestore.TablestoreRows = lambda **_: rows  # type: ignore[assignment,misc]
    shared.sms.dysmsapi.DysmsapiGateway = lambda **_: gateway  # type: ignore[assignment,misc]
    request = HttpFunction("request_otp", wiring.request_otp)
    verify = HttpFunction("verify_otp", wiring.verify_otp)
    request.initialize(Context())
    verify.initialize(Context())
    spent = {"request": 0.0, "verify": 0.0}
    for number in range(-warm_up, pairs):
        asked = event("/v1/otp", {"phone": f"138{number + warm_up:08d}", "purpose": "login"})
        began_s = time.process_time()
        issued = request.handler(asked, Context())
        middle_s = time.process_time()
        guess = {
            "challenge_id": json.loads(str(issued["body"]))["challenge_id"],
            "code": gateway.sent[-1].params["code"],
        }
        typed = event("/v1/otp/verify", guess)
        resumed_s = time.process_time()
        verified = verify.handler(typed, Context())
        ended_s = time.process_time()
        if (issued["statusCode"], verified["statusCode"]) != (202, 200):
            raise SystemExit(f"answered {issued['statusCode']} and {verified['statusCode']}")
        if number >= 0:
            spent["request"] += middle_s - began_s
            spent["verify"] += ended_s - resumed_s
    print(json.dumps(spent))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
