"""The project's own s.yaml with one mistake in it: `check` refuses it and names the line or key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.serverless_devs.__main__ import ENV_EXAMPLE, main, read_env_file

pytest.importorskip("alibabacloud_fc20230330", reason="of an operator's machine")

S_YAML = Path(__file__).parents[3] / "s.yaml"


@dataclass(frozen=True, slots=True)
class Mistake:
    """old becomes new at its first place after `after`; `told` is part of a line of the answer."""

    name: str
    old: str
    new: str
    told: str
    after: str = ""


DISPATCH, VERIFY = "  dispatch_notification:\n", "  verify_otp:\n"
DEAD = "/queues/sesame-dead-${vars.stage}"

MISTAKES = (
    # misspelled keys
    Mistake("a prop", "memorySize: 512", "memSize: 512", "memSize: is no known key"),
    Mistake("a prop nobody knows", "diskSize: 512", "discount: 5", "discount: is no known key"),
    Mistake("a top key", "template:\n", "templates:\n", "templates: is no known key"),
    Mistake("a resource's key", "    component: fc3\n", "    componnt: fc3\n", "componnt: is no"),
    Mistake("a hook", "initializer: {", "initialiser: {", "did you mean initializer?"),
    Mistake("a log key", "logstore:", "logStore:", "logStore: is no known key"),
    Mistake("a log metric", "enableRequestMetrics", "enableRequestMetric", "enableRequestMetric:"),
    Mistake("a trigger's key", "triggerType: http", "type: http", "triggers.0.type: is no known"),
    Mistake("an async key", "maxAsyncRetryAttempts: 3", "maxRetries: 3", "maxRetries: is no known"),
    Mistake("a destination", "onFailure:", "onFail:", "onFail: is no known key"),
    Mistake("a domain key", "domainName:", "domain:", "customDomain.domain: is no known key"),
    Mistake("a route's key", "route: { path:", "route: { uri:", "route.path: is missing"),
    Mistake("scaling", "minInstances:", "minInstance:", "minInstance: is no known key", VERIFY),
    Mistake("concurrency", "reservedConcurrency:", "reserved:", "reserved: is no known", DISPATCH),
    Mistake(
        "inside a block unused here",
        "diskSize: 512",
        "vpcConfig: { vpcId: v, role: r }\n    nasConfig: { userID: 1 }",
        "nasConfig.userID: is no key of the platform's OpenAPI",
    ),
    # casing
    Mistake("a queue's name", "QueueName:", "queueName:", "did you mean QueueName?", DISPATCH),
    Mistake("a window", "CountBasedWindow:", "countBasedWindow:", "did you mean CountBasedWindow?"),
    Mistake("an ARN's key", "{ Arn:", "{ arn:", "did you mean Arn?"),
    Mistake("a strategy", "PushRetryStrategy", "pushRetryStrategy", "mean PushRetryStrategy?"),
    Mistake("a region's key", "RegionId:", "regionId:", "did you mean RegionId?"),
    # values
    Mistake("the ratio", "cpu: 0.35", "cpu: 0.1", "0.1 vCPU with 512 MB is 1:5.00"),
    Mistake("odd memory", "memorySize: 512", "memorySize: 500", "500 is not a multiple of 64"),
    Mistake("no such runtime", "'python3.10')}", "'python3.11')}", "'python3.11' is not known"),
    Mistake("a number as text", "timeout: 15", "timeout: ${env('T', '15')}", "write ${json(env(.."),
    Mistake("an int in the environment", "__all__", "1", "DISABLE_PLUGINS: 1 is not a text"),
    Mistake("a reserved name", "PYTHONPATH:", "FC_PATH:", "FC_* is reserved"),
    Mistake("over 4 KB", "__all__", "x" * 4100, "at most 4096 are allowed"),
    Mistake("concurrency of Python", "Concurrency: 1 ", "Concurrency: 9 ", "one request at a time"),
    Mistake("a short cron", "'@every 5m'", "'*/5 * * * *'", "six cron fields"),
    Mistake("no such trigger", "triggerType: timer", "triggerType: cron", "'cron' is not known"),
    Mistake("an access that is no literal", "default # must", "${vars.stage} #", "must be written"),
    # what bites later
    Mistake(
        "no dead letters",
        "              deadLetterQueue: { Arn: '${vars.queues}/sesame-dead-${vars.stage}' }\n",
        "",
        "ALL without deadLetterQueue.Arn loses messages",
    ),
    Mistake(
        "a blocking queue", "errorsTolerance: ALL", "errorsTolerance: NONE", "blocks all behin"
    ),
    Mistake(
        "the doubt unsaid",
        "            asyncInvocationType: false\n",
        "",
        "asyncInvocationType: is missing",
    ),
    Mistake(
        "nowhere to fail to",
        f"        onFailure: {{ destination: '${{vars.queues}}{DEAD[7:]}/messages' }}\n",
        "        {}\n",
        "onFailure: is missing: what fails would be lost",
    ),
    Mistake("a wiped block", "    logConfig:\n", "    tags:\n", "a deployment wipes what is not"),
    Mistake("repeats behind HTTP", "Attempts: 0", "Attempts: 3", "must be 0 behind HTTP"),
    Mistake("too slow to push to", "timeout: 300", "timeout: 600", "EventBridge waits 300 s"),
    Mistake("no preflight", "PATCH, OPTIONS]", "PATCH]", "methods: lacks OPTIONS"),
    Mistake(
        "one path twice",
        "path: /v1/otp/verify",
        "path: /v1/otp",
        "'/v1/otp' is request_otp's already",
    ),
    Mistake(
        "both ways to scale",
        "scalingConfig: {",
        "provisionConfig: { defaultTarget: 1 }\n      scalingConfig: {",
        "scalingConfig: excludes provisionConfig",
    ),
    # names that lead nowhere
    Mistake("no such function", "index.handler", "index.handle", "index.py has no 'handle'"),
    Mistake("no such file", "index.handler", "main.handler", "no functions/request_otp/main.py"),
    Mistake("no such code", "functions/verify_otp", "functions/verify", "from no functions/*/"),
    Mistake(
        "no such role", "role: sesame-verify-otp", "role: sesame-verify", "'sesame-verify-dev'"
    ),
    Mistake("another's role", "role: sesame-verify-otp", "role: sesame-request-otp", "is for req"),
    Mistake(
        "a destination that the role may not reach",
        "maxAsyncEventAgeInSeconds: 60 }",
        "maxAsyncEventAgeInSeconds: 60, destinationConfig: { onFailure: { destination: "
        "'${vars.queues}/sesame-dead-${vars.stage}/messages' } } }",
        "sesame-verify-otp-dev may not mns:SendMessage to sesame-dead-dev",
    ),
    Mistake("no such queue", "sesame-notifications-", "sesame-notices-", "is no queue of infra/"),
    Mistake("no such topic", "/sesame-events-$", "/sesame-event-$", "is no topic of infra/"),
    Mistake("a queue for another", "sesame-dead-$", "sesame-dad-$", "is no dead-letter queue of"),
    Mistake(
        "an undocumented variable", "SESAME_DOMAIN'", "SESAME_HOST'", "is not in s.env.example"
    ),
    Mistake("a setting that is missing", "  OTP_KEYS:", "  OTP_KEY:", "OTP_KEYS: is missing, and"),
    Mistake("a setting nobody reads", "STAGE: ${", "STAGES: 'x'\n      STAGE: ${", "is read by no"),
    Mistake("a setting of a wrong form", "'CN')}", "'China')}", "PHONE_DEFAULT_REGION: "),
    # what does not belong
    Mistake("an account by hand", "${config('AccountID')}", "1234567890123456", "id by hand"),
    Mistake("an access key", "__all__", "LTAI5tExampleExample", "an access key"),
    Mistake("a key twice", "  cpu: 0.35\n", "  cpu: 0.35\n    cpu: 0.5\n", "duplicate key"),
    Mistake("a tab", "    cpu: 0.35", "\tcpu: 0.35", "a tab, where YAML takes only spaces"),
)


def planted(mistake: Mistake) -> str:
    """The project's s.yaml with that mistake."""
    text = S_YAML.read_text(encoding="utf-8")
    start = text.index(mistake.after)
    place = text.index(mistake.old, start)
    return text[:place] + mistake.new + text[place + len(mistake.old) :]


def test_there_are_forty_mistakes() -> None:
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES) >= 40


def test_the_projects_own_file_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    stages = ("--stage", "dev", "--stage", "staging", "--stage", "prod")
    assert main(["check", str(S_YAML), "--env-file", str(ENV_EXAMPLE), *stages]) == 0
    assert capsys.readouterr().out.endswith("14 functions, dev, staging, prod, ok\n")


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_planted_mistake_is_refused_with_its_place(
    mistake: Mistake,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in read_env_file(ENV_EXAMPLE):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "s.yaml"
    file.write_text(planted(mistake), encoding="utf-8")

    code = main(["check", str(file), "--env-file", str(ENV_EXAMPLE), "--stage", "dev"])

    lines = capsys.readouterr().out.splitlines()
    assert code == 1
    assert any(mistake.told in line for line in lines), lines
    assert all(line.startswith("s.yaml: ") and ": " in line[8:] for line in lines), lines


@pytest.mark.parametrize(
    ("variable", "text", "told"),
    [
        ("SESAME_OTP_POLICIES", '{"login": {"ttl_s": 9999}}', "OTP_POLICIES.login.ttl_s"),
        ("SESAME_OTP_LIMITS", '{"ips": []}', "OTP_LIMITS.ips"),
        ("SESAME_OTP_RULES", '{"countries": ["cn"]}', "OTP_RULES.countries.0"),
        ("SESAME_OTP_ABUSE", '{"bursts": {}}', "bursts"),
        ("SESAME_BUDGETS", '{"shop": {"week": {}}}', "week"),
        ("SESAME_WEBHOOKS", '{"shop": {"url": "http://example.com"}}', "WEBHOOKS"),
    ],
)
def test_what_a_function_would_refuse_at_its_start_is_refused_before(
    variable: str,
    text: str,
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in read_env_file(ENV_EXAMPLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, text)

    code = main(["check", str(S_YAML), "--env-file", str(ENV_EXAMPLE), "--stage", "dev"])

    lines = capsys.readouterr().out.splitlines()
    assert code == 1
    assert any(told in line for line in lines), lines
