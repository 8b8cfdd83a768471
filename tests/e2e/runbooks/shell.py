"""An operator's shell: a clone with the file of its stage, where a runbook's commands run."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from infra.background_cloud import BackgroundCloud
from infra.localcloud.core.identities import ACCOUNT_ID, Identity
from infra.localcloud.run.project import ApiKeys, Endpoints, Surroundings
from infra.project import PROJECT, STAGE
from tests.e2e.runbooks.books import ROOT, Book, read

_LEFT_OUT = {".git", ".local", "build"}
_TIMEOUT_S = 120


class Shell:
    """A folder that looks like the clone, with `.env.local`; commands change that file alone."""

    def __init__(self, cloud: BackgroundCloud, folder: Path) -> None:
        self.folder = folder
        self.file = folder / f".env.{STAGE}"
        self._ready_file = cloud.data / "ready.json"
        folder.mkdir()
        for each in ROOT.iterdir():
            if each.name not in _LEFT_OUT and not each.name.startswith(".env"):
                (folder / each.name).symlink_to(each)
        self._original = environment(cloud)
        self.restore()

    def restore(self) -> None:
        """The stage's file as it was, deployed."""
        lines = (f"{name}={shlex.quote(value)}\n" for name, value in self._original.items())
        self.file.write_text("".join(lines))

    def setting(self, name: str) -> str:
        """What the file says now."""
        return self('printf %s "$' + name + '"')

    def __call__(self, script: str, *, code: int = 0) -> str:
        """What a script printed. Its first failure ends it; `make s-deploy` is deploy.py."""
        stand_in = shlex.join([sys.executable, "-m", "tests.e2e.runbooks.deploy"])
        text = (
            f'make() {{ test "$1" = s-deploy; set -a; . "./.env.$STAGE"; set +a;'
            f" {stand_in} {shlex.quote(str(self._ready_file))}; }}\n"
            f'export STAGE={STAGE}; set -a; . "./.env.$STAGE"; set +a\n{script}'
        )
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.folder,
            env=_bare(os.environ),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        told = done.stdout + done.stderr
        assert done.returncode == code, f"exit code {done.returncode} of:\n{script}\n{told}"
        return told

    @contextmanager
    def following(self, name: str) -> Iterator[Steps]:
        """A runbook to walk through; every command of it must have been run at the end."""
        steps = Steps(self, read(name))
        yield steps
        missing = set(steps.book.commands) - steps.run
        assert not missing, f"{name}.md: not tried: {', '.join(sorted(missing))}"


class Steps:
    """The commands of one runbook."""

    def __init__(self, shell: Shell, book: Book) -> None:
        self._shell = shell
        self.book = book
        self.run: set[str] = set()

    def __call__(self, name: str, *, code: int = 0, **values: str) -> str:
        """Run the command of that name. values: over what the text has as an example, NAME=...."""
        script = self.book.commands[name]
        for variable, value in values.items():
            lines = script.splitlines(keepends=True)
            changed = [
                f"{variable}={shlex.quote(value)}\n" if line.startswith(f"{variable}=") else line
                for line in lines
            ]
            is_there = any(line.startswith(f"{variable}=") for line in lines)
            assert is_there, f"{self.book.name}.md, {name}: no example {variable}="
            script = "".join(changed)
        self.run.add(name)
        return self._shell(script, code=code)


def environment(cloud: BackgroundCloud) -> Mapping[str, str]:
    """What `.env.<stage>` of this cloud holds."""
    ready = cloud.ready
    gateway = str(ready["gateway"])
    names = ("tablestore", "dysmsapi", "sts", "smq", "directmail", "ram", "sls")
    key = Identity(ready["access_key_id"], ready["access_key_secret"])
    around = Surroundings(
        data=cloud.data,
        endpoints=Endpoints(gateway, *(ready[name]["endpoint"] for name in names)),
        tablestore_instance=ready["tablestore"]["instance"],
        account_id=ACCOUNT_ID,
        access_key=key,
        api_keys=ApiKeys(**ready["api_keys"]),
    )
    return {
        **PROJECT.environment(around),
        "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
        **{
            f"SESAME_{name.upper()}_ENDPOINT": ready[name]["endpoint"]
            for name in ("ram", "sls", "sts")
        },
        "SESAME_DOMAIN": gateway.removeprefix("http://"),
        "SESAME_DOMAIN_PROTOCOL": "HTTP",
    }


def _bare(inherited: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the tests' own but where programs are."""
    return {"PATH": inherited["PATH"], "HOME": inherited.get("HOME", "/"), "LANG": "C.UTF-8"}
