"""`make demo`: the main journeys on a fresh local cloud, over HTTP, each step printed.

Exit 0 only if every one held.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from infra.background_cloud import BackgroundCloud, CloudFailed
from infra.quiet_tablestore import ots

PHONE = "+8613800138000"


def expect(response: requests.Response, status: int, code: str | None = None) -> Any:
    """The JSON of an answer with that status and problem code. Raises CloudFailed."""
    body = response.json()
    if response.status_code != status or (code and body.get("code") != code):
        raise CloudFailed(f"expected {status} {code or ''}, got {response.status_code} {body}")
    return body


def rows_of(cloud: BackgroundCloud) -> str:
    """All rows of the functions' table as text, read with the SDK."""
    ready = cloud.ready
    client = ots.OTSClient(
        ready["tablestore"]["endpoint"],
        ready["access_key_id"],
        ready["access_key_secret"],
        ready["tablestore"]["instance"],
    )
    _, _, rows, _ = client.get_range(
        "sesame_state",
        "FORWARD",
        [("subject", ots.INF_MIN), ("item", ots.INF_MIN)],
        [("subject", ots.INF_MAX), ("item", ots.INF_MAX)],
        max_version=1,
    )
    return "".join(f"{row.primary_key}{row.attribute_columns}" for row in rows)


def journeys(cloud: BackgroundCloud) -> list[tuple[str, Callable[[], str]]]:
    """The steps in order: what is done, and what does it and says what was seen."""
    memory: dict[str, str] = {}

    def request() -> str:
        body = expect(cloud.post("/v1/otp", {"phone": PHONE, "purpose": "login"}), 202)
        memory["challenge"] = body["challenge_id"]
        return f"202, {body['code_length']} digits, valid for {body['expires_in_s']} s"

    def read() -> str:
        memory["code"] = cloud.code_on(PHONE)
        return "a message with a code"

    def verify(code: str, status: int, problem: str | None = None) -> str:
        body = {"challenge_id": memory["challenge"], "code": code}
        expect(cloud.post("/v1/otp/verify", body), status, problem)
        return f"{status} {problem or 'verified'}"

    def wrong() -> str:
        return verify("000000" if memory["code"] != "000000" else "111111", 422, "otp_invalid")

    def throttled() -> str:
        answer = cloud.post("/v1/otp", {"phone": PHONE, "purpose": "login"})
        expect(answer, 429, "throttled")
        return f"429, Retry-After {answer.headers['Retry-After']} s"

    def resend() -> str:
        cloud.advance(61)
        expect(
            cloud.post(
                "/v1/otp",
                {"phone": PHONE, "purpose": "login", "challenge_id": memory["challenge"]},
            ),
            202,
        )
        if cloud.code_on(PHONE) != memory["code"]:
            raise CloudFailed("the resend brought another code")
        return "202, the same code once more"

    def restart() -> str:
        before = len(cloud.messages(PHONE))
        cloud.stop()
        cloud.start()
        if len(cloud.messages(PHONE)) != before:
            raise CloudFailed("messages were lost")
        return f"up again, {before} messages still there"

    def after_minute() -> str:
        cloud.advance(61)
        return request() + ", " + read()

    def notify() -> str:
        order = {"order_no": "A1", "status": "shipped"}
        body = {"to": PHONE, "template": "ship_update", "params": order}
        memory["message"] = expect(cloud.post("/v1/notifications", body), 202)["message_id"]
        return "202, durably on the queue"

    def delivered() -> str:
        deadline_s = time.monotonic() + 60
        key = cloud.ready["api_key"]
        while time.monotonic() < deadline_s:
            answer = requests.get(
                f"{cloud.ready['gateway']}/v1/messages/{memory['message']}",
                headers={"Authorization": f"Bearer {key}"},
                timeout=30,
            )
            life = expect(answer, 200)
            if life["status"] == "delivered":
                return ", ".join(str(each["event"]) for each in life["timeline"])
            time.sleep(0.1)
        raise CloudFailed(f"the message is still {life['status']}")

    def store() -> str:
        held = rows_of(cloud)
        if memory["code"] in held or PHONE[-11:] in held:
            raise CloudFailed("the store tells the code or the number")
        return "neither the code nor the number"

    return [
        ("request a code", request),
        ("read it on the phone", read),
        ("what the store holds of it", store),
        ("a wrong code is refused", wrong),
        ("a second request within the minute is throttled", throttled),
        ("a resend after the cool-down brings the same code", resend),
        ("the local cloud restarts", restart),
        ("the right code opens the door", lambda: verify(memory["code"], 200)),
        (
            "the same code a second time is refused",
            lambda: verify(memory["code"], 422, "otp_invalid"),
        ),
        ("a minute later a new code comes", after_minute),
        ("and opens the door", lambda: verify(memory["code"], 200)),
        ("something happened, and someone is to be told", notify),
        ("the message's life, from the queue to its receipt", delivered),
    ]


def main() -> int:
    """Run every step on a fresh cloud; 0 if all held."""
    with tempfile.TemporaryDirectory(prefix="sesame-demo-") as folder:
        cloud = BackgroundCloud(Path(folder))
        try:
            print("starting a fresh local cloud ...", flush=True)
            cloud.start()
            for name, step in journeys(cloud):
                print(f"  {name:<52}", end="", flush=True)
                print(f"{step()}", flush=True)
        except CloudFailed as failure:
            print(f"FAILED: {failure}")
            return 1
        finally:
            cloud.stop()
    print("every step held")
    return 0


if __name__ == "__main__":
    sys.exit(main())
