"""What is wrong with a file, each problem with its place; a sound file has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.serverless_devs.__main__ import ENV_EXAMPLE, SECRETS, main, read_env_file
from tests.unit.serverless_devs.manifests import SOUND, problems_of, spoiled, with_prop

TRIGGER = "worker.props.triggers.0.triggerConfig"


def test_a_sound_file_has_no_problem(tmp_path: Path) -> None:
    assert problems_of(tmp_path, SOUND) == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\n\tb: 2\n", "line 2: a tab, where YAML takes only spaces"),
        ("a: 1\nb: {\n", "line 3: "),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "line 4: duplicate key b.c, first on line 3"),
        ("- a\n", "the file must be a mapping"),
        ("", "the file must be a mapping"),
    ],
)
def test_broken_yaml_is_named_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    (found,) = problems_of(tmp_path, text)
    assert found.startswith(f"s.yaml: {problem}")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("edition: 3.0.0", "edition: 1.0.0", "edition: '1.0.0' is not '3.0.0'"),
        ("access: default", "access: ${env('A', 'x')}", "access: must be written out"),
        ("name: sample\n", "nam: sample\n", "nam: is no known key; did you mean name?"),
        ("name: base }", "name: bse }", "api.extend.name: there is no template 'bse'"),
        ("    component: fc3\n", "", "api.component: is missing"),
        ("      functionName: api-${vars.stage}\n", "", "api.props.functionName: is missing"),
        ("      handler: api.handler\n", "", "api.props.handler: is missing"),
        ("    region: ${vars.region}\n", "", "api.props.region: is missing"),
        ("    runtime: python3.10\n", "", "api.props.runtime: is missing"),
        ("    code: ./code\n", "", "api.props.code: is missing"),
        ("python3.10", "python3.11", "api.props.runtime: 'python3.11' is not known"),
        ("handler: api.handler", "handler: pkg.api.handler", "is not of the form file.function"),
        ("timeout: 30", "timeout: 0", "api.props.timeout: 0 is not from 1 to 86400"),
        ("timeout: 30", "timeout: ${env('T', '30')}", "write ${json(env(..))}"),
        ("memorySize: 512", "memorySize: 500", "500 is not a multiple of 64"),
        ("memorySize: 512", "memorySize: 64", "64 is not from 128 to 32768"),
        ("memorySize: 512", "memorySize: 2048", "0.35 vCPU with 2048 MB is 1:5.71"),
        ("cpu: 0.35", "cpu: 1", "1 vCPU with 512 MB is 1:0.50"),
        ("cpu: 0.35", "cpu: 0.33", "0.33 is not a multiple of 0.05"),
        ("memorySize:", "memSize:", "api.props.memSize: is no known key; did you mean memorySize?"),
        ("STAGE: ${vars.stage}", "STAGE: 1", "environmentVariables.STAGE: 1 is not a text"),
        ("STAGE: ${vars", "FC_STAGE: ${vars", "FC_STAGE: FC_* is reserved"),
        ("STAGE: ${vars", "1STAGE: ${vars", "1STAGE: is no key of letters"),
        ("QUEUE_NAME: sms", f"QUEUE_NAME: {'x' * 4096}", "bytes; at most 4096 are allowed"),
        ("initializer: {", "initialiser: {", "did you mean initializer?"),
        ("api.initialize, timeout: 10", "api.initialize, timeout: 301", "301 is not from 1 to 300"),
        ("functionName: worker-", "functionName: api-", "'api-dev' is api's already"),
        ("logstore: function", "logStore: function", "did you mean logstore?"),
        ("path: /v1/*", "path: v1/*", "'v1/*' is not a path"),
        ("path: /v1/*", "methods: [GET]", "customDomain.route.path: is missing"),
        ("maxAsyncRetryAttempts: 1", "maxAsyncRetryAttempts: 9", "9 is not from 0 to 8"),
        ("maxAsyncRetryAttempts", "maxAsyncRetryAttempt", "did you mean maxAsyncRetryAttempts?"),
        ("triggerType: http", "triggerType: htp", "'htp' is not known; did you mean http?"),
        ("- triggerName: http", "- name: http", "triggers.0.triggerName: is missing"),
        ("methods: [GET, POST]", "methods: [GET, FETCH]", "'FETCH' is not known"),
        ("authType: anonymous, ", "", "triggerConfig.authType: is missing"),
        ("triggerName: tick", "triggerName: sms-queue", "'sms-queue' is used twice"),
        ("'@every 5m'", "'every 5m'", "is not '@every 5m' or six cron fields"),
        ("cronExpression", "cron", "triggerConfig.cronExpression: is missing"),
        ("          sourceArn: acs:mns:cn-hangzhou:1:/topics/t\n", "", "sourceArn: is missing"),
        ("BACKOFF_RETRY }\n", "NEVER }\n", "triggerConfig"),
        ("QueueName: q", "queueName: q", "queueName: is no known key; did you mean QueueName?"),
        ("CountBasedWindow", "countBasedWindow", "did you mean CountBasedWindow?"),
        ("CountBasedWindow: 10", "CountBasedWindow: 0", "0 is not from 1 to 10000"),
        ("TimeBasedWindow: 1 ", "TimeBasedWindow: 16 ", "16 is not from 0 to 15"),
        ("mode: event-streaming", "mode: streaming", f"{TRIGGER}.runOptions.mode: 'streaming'"),
        ("deadLetterQueue: {", "deadLetterQ: {", "ALL without deadLetterQueue.Arn loses messages"),
        ("eventSourceType: MNS", "eventSourceType: SMQ", "eventSourceType: 'SMQ' is not known"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    problems = problems_of(tmp_path, spoiled(old, new))
    assert any(problem in found for found in problems), problems


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("instanceConcurrency", "20", "20 is for custom runtimes"),
        ("diskSize", "1024", "1024 is not known; one of 512, 10240"),
        ("vpcCnfig", "auto", "api.props.vpcCnfig: is no known key; did you mean vpcConfig?"),
        ("internetAccess", "'yes'", "api.props.internetAccess: 'yes' is not known"),
    ],
)
def test_a_prop_that_does_not_fit_is_named(
    tmp_path: Path, key: str, value: str, problem: str
) -> None:
    (found,) = problems_of(tmp_path, with_prop(key, value))
    assert problem in found


def test_every_problem_is_listed_at_once_with_its_line(tmp_path: Path) -> None:
    text = SOUND.replace("memorySize: 512", "memorySize: 500").replace(
        "handler: worker.handler", "handler: worker"
    )
    assert problems_of(tmp_path, text) == (
        "s.yaml: api.props.memorySize: 500 is not a multiple of 64 (line 14)",
        "s.yaml: worker.props.memorySize: 500 is not a multiple of 64 (line 14)",
        "s.yaml: worker.props.handler: 'worker' is not of the form file.function (line 53)",
    )


@pytest.mark.parametrize("text", ["resources: 1", "resources: { a: 1 }", "vars: 1\ntemplate: 2"])
def test_a_file_of_the_wrong_shape_has_problems_and_no_traceback(tmp_path: Path, text: str) -> None:
    assert problems_of(tmp_path, f"edition: 3.0.0\n{text}\n")


@pytest.mark.parametrize("value", ["", "[1]", "{ a: 1 }"])
def test_any_value_in_any_place_has_at_most_problems(tmp_path: Path, value: str) -> None:
    """Whatever stands where, the reader never raises anything else."""
    lines = SOUND.splitlines()
    for index, line in enumerate(lines):
        key = line.partition(":")[0]
        problems_of(tmp_path, "\n".join([*lines[:index], f"{key}: {value}", *lines[index + 1 :]]))


def test_the_command_says_ok(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(SOUND)
    assert main(["check", "--alone", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: 2 functions, ok\n"


def test_the_command_prints_every_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(SOUND.replace("timeout: 30", "timeout: -1"))
    assert main(["check", "--alone", str(path)]) == 1
    assert capsys.readouterr().out.count("-1 is not from 1 to 86400") == 2


def test_the_command_takes_variables_from_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SAMPLE_STAGE", raising=False)
    path, variables = tmp_path / "s.yaml", tmp_path / "stage.env"
    path.write_text(SOUND.replace("${env('STAGE', 'dev')}", "${env('SAMPLE_STAGE')}"))
    variables.write_text("# a comment\nexport SAMPLE_STAGE='prod'\n")
    assert main(["check", "--alone", str(path)]) == 1
    assert main(["check", "--alone", str(path), "--env-file", str(variables)]) == 0
    assert "SAMPLE_STAGE" in capsys.readouterr().out


def test_the_command_prints_the_runtime(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "s.yaml"
    path.write_text((Path(__file__).parents[3] / "s.yaml").read_text())
    example = Path(__file__).parents[3] / "infra" / "s.env.example"

    assert main(["runtime", str(path), "--env-file", str(example)]) == 0
    assert capsys.readouterr().out == "python3.10\n"


def test_the_examples_secrets_are_refused_in_a_file_of_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
    path, variables = tmp_path / "s.yaml", tmp_path / ".env.dev"
    path.write_text(SOUND)
    variables.write_text(ENV_EXAMPLE.read_text())

    assert main(["check", "--alone", str(path), "--env-file", str(variables)]) == 1
    told = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[1] for line in told] == list(SECRETS)


def test_an_env_file_is_read_as_a_shell_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "stage.env"
    file.write_text('# A=0\nexport A=\'{"b": "c"}\'\nB=1=2\nC="d"\nE=\'f\n')
    assert read_env_file(file) == {"A": '{"b": "c"}', "B": "1=2", "C": "d", "E": "'f"}
