"""`make invoke` against a running local cloud, through the real SDK of Function Compute."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.invoke import main
from infra.localcloud.run.up import UpOptions, up
from tests.background import Background
from tests.localcloud.up.small import SmallProject
from tests.sdk_sessions import close_kept_sessions

Invoke = Callable[..., tuple[int, str, str]]
HANDLER = """\
import json


def handler(event, context):
    told = json.loads(event)
    print("heard", told["word"])
    if told["word"] == "fail":
        raise ValueError("no such word")
    return {"word": told["word"]}
"""


@pytest.fixture(scope="module")
def ready_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of a cloud with one function, `say`."""
    folder = tmp_path_factory.mktemp("cloud")
    small = SmallProject(folder / "project")
    (folder / "project" / "functions" / "say" / "index.py").write_text(HANDLER)
    background = Background()
    cloud = up(UpOptions(port=0, data=folder / "data"), small.project())
    running = background.run(cloud.__aenter__())
    file = folder / "ready.json"
    file.write_text(json.dumps(running.ready()))
    yield file
    close_kept_sessions()
    background.run(cloud.__aexit__(None, None, None))
    background.close()


@pytest.fixture
def invoke(no_proxies: None, tmp_path: Path) -> Invoke:
    """Run the command on an event; its exit code and what it printed."""

    def run(ready: Path, *, function: str = "say", word: str = "hello") -> tuple[int, str, str]:
        event = tmp_path / "event.json"
        event.write_text(json.dumps({"word": word}))
        out, err = io.StringIO(), io.StringIO()
        code = main([function, str(event), "--ready-file", str(ready)], out, err)
        return code, out.getvalue(), err.getvalue()

    return run


def test_invoke_shows_the_log_and_the_answer(invoke: Invoke, ready_file: Path) -> None:
    code, out, err = invoke(ready_file)

    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "heard hello"
    assert "say 1-" in out
    assert out.endswith('{\n  "word": "hello"\n}\n')


def test_invoke_puts_the_cloud_s_key_in_the_place_of_the_example_s(
    invoke: Invoke, ready_file: Path
) -> None:
    key = json.loads(ready_file.read_text())["api_key"]

    _, out, _ = invoke(ready_file, word="sk_example_key_of_the_default_tenant")

    assert out.splitlines()[0] == f"heard {key}"


def test_invoke_of_a_function_that_fails_shows_its_error(invoke: Invoke, ready_file: Path) -> None:
    code, out, _ = invoke(ready_file, word="fail")

    assert code == 1
    assert "heard fail" in out
    assert "no such word" in out


def test_invoke_of_no_function_names_those_there_are(invoke: Invoke, ready_file: Path) -> None:
    assert invoke(ready_file, function="sing") == (
        2,
        "",
        "invoke: there is no function sing; there are say\n",
    )


def test_invoke_without_an_event_file_says_so(ready_file: Path, no_proxies: None) -> None:
    err = io.StringIO()

    assert main(["say", "nowhere.json", "--ready-file", str(ready_file)], err=err) == 2
    assert err.getvalue() == "invoke: there is no event file nowhere.json\n"


def test_invoke_without_a_cloud_says_how_to_start_one(invoke: Invoke, tmp_path: Path) -> None:
    code, _, err = invoke(tmp_path / "ready.json")

    assert code == 2
    assert "make up" in err


def test_invoke_with_a_stopped_cloud_s_file_says_so(invoke: Invoke, tmp_path: Path) -> None:
    stale = tmp_path / "ready.json"
    names = ("api_key", "access_key_id", "access_key_secret", "fc")
    stale.write_text(json.dumps({**dict.fromkeys(names, ""), "control": "http://127.0.0.1:9"}))

    code, _, err = invoke(stale)

    assert code == 2
    assert "has stopped" in err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"control": "http://127.0.0.1:9"}'])
def test_invoke_with_a_file_of_something_else_says_so(
    invoke: Invoke, tmp_path: Path, text: str
) -> None:
    other = tmp_path / "ready.json"
    other.write_text(text)

    code, _, err = invoke(other)

    assert code == 2
    assert "ready" in err
