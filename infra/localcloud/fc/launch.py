"""What an instance is started with: its environment, and the facts its context is built from."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.serverless_devs import FunctionSpec

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_FROM_HOST = ("PATH", "HOME")
_NEW_CONTEXT_RUNTIMES = ("python3.12",)
_FIND_TIME_MACHINE = """
import importlib.util, json
names = ("_time_machine", "time_machine")
specs = {name: importlib.util.find_spec(name) for name in names}
print(json.dumps({name: spec.origin for name, spec in specs.items() if spec}))
"""


class LaunchFailed(RuntimeError):
    """A function that this machine cannot run; the text says why."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start the instances of one function.

    bytecode: where compiled code goes if the interpreter is not the one the package was compiled
    for; None to use what the package brings.
    """

    spec: FunctionSpec
    account_id: str
    region: str
    python: str
    bytecode: Path | None

    @property
    def code_dir(self) -> Path:
        """The folder of the code. Raises LaunchFailed if there is none on this machine."""
        folder = self.spec.code_dir
        if folder is None or not folder.is_dir():
            raise LaunchFailed(f"{self.spec.name}: there is no code folder {folder}")
        return folder

    def environment(self) -> dict[str, str]:
        """The variables of a new instance: the function's, the platform's, no others of the host's.

        Credentials are not among them: they come with each request.
        """
        spec = self.spec
        host = {name: os.environ[name] for name in _FROM_HOST if name in os.environ}
        is_new = spec.runtime in _NEW_CONTEXT_RUNTIMES
        return {
            **host,
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            "TZ": "UTC",
            **spec.environment,
            "FC_ACCOUNT_ID": self.account_id,
            "FC_REGION": self.region,
            "FC_FUNCTION_NAME": spec.name,
            "FC_FUNCTION_HANDLER": spec.handler,
            "FC_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
            "FC_FUNC_CODE_PATH": str(self.code_dir),
            "FC_INSTANCE_ID": f"c-{secrets.token_hex(4)}-{secrets.token_hex(6)}",
            "FC_CUSTOM_LISTEN_PORT": "9000",
            # The name changed with the Debian under the runtime: 10 for 3.10, 11 for 3.12.
            "FC_FUNCTION_VERSION" if is_new else "FC_VER_ID": "LATEST",
        }

    def setup(self) -> dict[str, object]:
        """The first frame: what does not change while an instance lives."""
        spec = self.spec
        return {
            "code_dir": str(self.code_dir),
            "bytecode": str(self.bytecode) if self.bytecode else None,
            "function": spec.name,
            "handler": spec.handler,
            "memory_mb": spec.memory_mb,
            "timeout_s": spec.timeout_s,
            "region": self.region,
            "account_id": self.account_id,
            "log_project": spec.log_project,
            "log_store": spec.log_store,
            "has_new_context": spec.runtime in _NEW_CONTEXT_RUNTIMES,
        }


def is_compiled_for(python: str, runtime: str) -> bool:
    """True if bytecode packaged for `runtime` serves the interpreter `python`."""
    ours = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return python == sys.executable and ours == runtime


async def find_time_machine(python: str) -> dict[str, str]:
    """The files of time-machine that `python` can load. Raises LaunchFailed if it has none."""
    command = [python, "-I", "-c", _FIND_TIME_MACHINE]
    found = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
    files: dict[str, str] = json.loads(found.stdout or b"{}")
    if len(files) < 2:
        raise LaunchFailed(f"the clock cannot be moved: {python} has no time-machine")
    return files
