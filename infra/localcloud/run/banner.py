"""What `up` prints when all is ready: where everything is, and lines that work as they stand."""

from __future__ import annotations

import json

from infra.localcloud.run.up import RunningCloud

_PICK_CHALLENGE = (
    "import json,sys; answer=sys.stdin.read(); print(answer, file=sys.stderr); "
    'print(json.loads(answer).get("challenge_id", ""))'
)
_PICK_CODE = 'import json,re,sys; print(re.search(r"\\d{6}", json.load(sys.stdin)[0]["text"])[0])'


def banner(running: RunningCloud) -> str:
    """The text; each of its commands can be pasted into a POSIX shell."""
    gateway, keys = running.surroundings.endpoints.gateway, running.surroundings.api_keys
    console = [
        f"  Console      {gateway}{running.project.console}",
        f"  Console key  {keys.console}",
    ]
    return "\n".join(
        [
            "",
            "  Sesame is up.",
            "",
            f"  Phone inbox  {gateway}/",
            f"  API          {gateway}/v1",
            f"  API key      {keys.default}",
            *(console if running.project.console else []),
            f"  Control      {running.control}",
            f"  Data         {running.surroundings.data}",
            "",
            "  Open the inbox in a browser, then try it from another terminal:",
            "",
            commands(running),
            "",
            "Press Ctrl-C to stop",
            "",
        ]
    )


def commands(running: RunningCloud) -> str:
    """The journey in three commands: request a code, read the phone, verify."""
    phone = running.project.example_phone
    request = json.dumps({"phone": phone, "purpose": running.project.purposes[0]})
    inbox = f"{running.control}/inbox?phone={phone}"
    headers = (
        f"-H 'Authorization: Bearer {running.surroundings.api_keys.default}' "
        "-H 'Content-Type: application/json'"
    )
    gateway = running.surroundings.endpoints.gateway
    answer = '"{\\"challenge_id\\":\\"$CHALLENGE\\",\\"code\\":\\"$CODE\\"}"'
    return "\n".join(
        [
            "# 1. request a code",
            f"CHALLENGE=$(curl -sS {gateway}/v1/otp {headers} -d '{request}' \\",
            f"  | python3 -c '{_PICK_CHALLENGE}')",
            "",
            "# 2. read the phone",
            f"curl -sS '{inbox}'; echo",
            "",
            "# 3. verify",
            f"CODE=$(curl -sS '{inbox}' | python3 -c '{_PICK_CODE}')",
            f"curl -sS {gateway}/v1/otp/verify {headers} -d {answer}; echo",
        ]
    )
