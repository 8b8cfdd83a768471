"""The real Serverless Devs tool over an `s.yaml`: `s preview` renders it for each stage as this
reader does, and `s verify` lets it through with a schema stricter than the component's own.

The tool is npm's `@serverless-devs/s`, pinned in node/ with its hash, and installed below build/.
In the place of the component `fc3`, which lies on a server that no check may need, a stand-in is
planted: the tool asks a component only for its schema. All that the tool writes stays below build/.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from infra.node_packages import NodePackages
from infra.serverless_devs.checks import props_schema
from infra.serverless_devs.reader import render
from infra.serverless_devs.source import ENV_CALL

ROOT = Path(__file__).resolve().parents[2]
NODE = Path(__file__).resolve().parent / "node"
FOLDER = ROOT / "build" / "serverless_devs"
PROGRAM = FOLDER / "node_modules" / ".bin" / "s"
TOOL = NodePackages("s.yaml by the real tool", NODE, FOLDER)
STAGES = ("dev", "staging", "prod")
ACCOUNT_ID = "1234567890123456"
TIME_LIMIT_S = 120
_COMPONENT = """\
const fs = require('fs'), path = require('path');
module.exports = class {
  async getSchema() { return fs.readFileSync(path.join(__dirname, 'schema.json'), 'utf8'); }
};
"""


class ToolFailed(Exception):
    """What the tool said against it."""


def missing() -> str | None:
    """Why the tool cannot be run here, if it cannot. Installs it where it is not yet."""
    return TOOL.missing()


def install() -> None:
    """Have the pinned tool below build/. Raises NodeFailed."""
    TOOL.install()


def compare(file: Path, environment: Mapping[str, str]) -> int:
    """0 if the tool renders the file for every stage as this reader does, and verifies it.

    What is wrong goes to stdout. Raises ManifestInvalid if the reader itself refuses the file.
    """
    reason = missing()
    if reason:
        print(reason)
        return 1
    for stage in STAGES:
        problems = problems_of(file, {**environment, "STAGE": stage})
        for problem in problems:
            print(f"{file}, {stage}: {problem}")
        if problems:
            return 1
        print(f"{file}, {stage}: s preview renders the same, s verify passes")
    return 0


def problems_of(file: Path, environment: Mapping[str, str]) -> list[str]:
    """What the tool says against the file, or renders differently; empty if all is well."""
    work = _planted(file)
    own = render(file, environment=environment, account_id=ACCOUNT_ID).resources
    surroundings = _surroundings(file, environment)
    preview = _s(("preview", "--silent", "-o", "json"), work, surroundings)
    if preview.returncode:
        return [f"s preview: {_told(preview)}"]
    try:
        resources = json.loads(preview.stdout)["resources"]
    except (ValueError, KeyError):
        return ["s preview: its output is no JSON with resources"]
    theirs = {name: resource["props"] for name, resource in resources.items()}
    problems = [
        f"resources.{place}: s renders another value" for place in _differences(own, theirs)
    ]
    return problems + verified(file, environment)


def verified(file: Path, environment: Mapping[str, str]) -> list[str]:
    """What `s verify` says against the file; empty if it passes."""
    verify = _s(("verify",), _planted(file), _surroundings(file, environment))
    return [f"s verify: {_told(verify)}"] if verify.returncode else []


def _planted(file: Path) -> Path:
    """A folder with the file alone, so that no .env beside the original is read, and the home of
    the tool with its stand-in.
    """
    component = FOLDER / "home" / ".s" / "components" / "devsapp.cn" / "v3" / "fc3"
    work = FOLDER / "work"
    for folder in (component, work):
        folder.mkdir(parents=True, exist_ok=True)
    now_ms = int(time.time() * 1000)
    for path, content in {
        component / "package.json": '{"name":"fc3","version":"0.0.0","main":"index.js"}',
        component / "index.js": _COMPONENT,
        component / "schema.json": json.dumps(props_schema(), indent=1),
        # Or the tool looks for a newer one.
        component / ".s.lock": json.dumps({"version": "0.0.0", "lastUpdateCheck": now_ms}),
        FOLDER / "home" / ".s" / "set-config.yml": "analysis: disable\n",
        work / "s.yaml": file.read_text(encoding="utf-8"),
    }.items():
        path.write_text(content, encoding="utf-8")
    return work


def _surroundings(file: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Only what the file asks for, and an account that is none."""
    named = ENV_CALL.findall(file.read_text(encoding="utf-8"))
    home = str(FOLDER / "home")
    return {
        **{name: environment[name] for name in named if name in environment},
        "PATH": os.environ.get("PATH", ""),
        "HOME": home,
        "serverless_devs_config_home": home,
        "SERVERLESS_DEVS_CICD": "1",
        "AccountID": ACCOUNT_ID,
        # Long, as the tool blots out every occurrence of these texts.
        "AccessKeyID": "not-a-key-id-of-anyone",
        "AccessKeySecret": "not-a-secret-of-anyone",
    }


def _s(
    arguments: tuple[str, ...], work: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return _run((str(PROGRAM), *arguments, "-t", "s.yaml"), work, environment)


def _run(
    command: tuple[str, ...], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolFailed(f"{command[0]} did not end within {TIME_LIMIT_S} s") from error


def _told(ended: subprocess.CompletedProcess[str]) -> str:
    """The tool's own words, without its advertisement and its paths."""
    lines = [line.strip() for line in (ended.stdout + ended.stderr).splitlines()]
    shown = [line for line in lines if line and not line.startswith(("Env:", "Logs:", "Feedback:"))]
    kept = [line for line in shown if not line.startswith(("A complete log", "=", "🍼"))]
    return " | ".join(kept) or f"exit code {ended.returncode}"


def _differences(own: object, theirs: object, place: str = "") -> list[str]:
    """Where two trees differ, as dotted paths."""
    if isinstance(own, Mapping) and isinstance(theirs, Mapping):
        return [
            found
            for key in {**own, **theirs}
            for found in (
                _differences(own[key], theirs[key], f"{place}.{key}".lstrip("."))
                if key in own and key in theirs
                else [f"{place}.{key}".lstrip(".")]
            )
        ]
    return [] if own == theirs and type(own) is type(theirs) else [place]
