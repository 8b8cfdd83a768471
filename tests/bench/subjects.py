"""The handlers that are measured side by side: the packaged functions and the textbook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.background_cloud import BackgroundCloud
from infra.localcloud.core.identities import ACCOUNT_ID, Identity
from infra.localcloud.run.project import ApiKeys, Endpoints, Surroundings
from infra.project import LOCAL_BUILD, PROJECT, ROOT
from infra.serverless_devs import render

LIMITS = {"request_otp": ("/v1/otp", 0.45), "verify_otp": ("/v1/otp/verify", 0.30)}
"""By function its route, and the ratio to the textbook that is aimed at."""
SERVICES = ("tablestore", "dysmsapi", "directmail", "sts", "smq")
PROBE = """
import importlib, json, re, sys
sys.path[:0] = sys.argv[2:]
handler = importlib.import_module(sys.argv[1])
class Context:
    request_id = "bench"
handler.initialize(Context())
answer = handler.handler(sys.stdin.buffer.read(), Context())
print(json.dumps({
    "status": answer["statusCode"],
    "module_count": len(sys.modules),
    "rss_mib": int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024,
}))
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """One handler that starts cold. isolated: with its own folder's packages and no others."""

    name: str
    module: str
    folders: tuple[Path, ...]
    path: str
    environment: Mapping[str, str]
    isolated: bool

    def run(self, body: object) -> dict[str, float]:
        """One cold start and request. Raises CalledProcessError."""
        event = {
            "version": "v1",
            "rawPath": self.path,
            "headers": {
                "content-type": "application/json",
                "authorization": f"Bearer {self.environment['BENCH_KEY']}",
            },
            "body": json.dumps(body),
            "isBase64Encoded": False,
            "requestContext": {"http": {"method": "POST", "path": self.path}},
        }
        flags = ["-I", "-S"] if self.isolated else []
        command = [sys.executable, *flags, "-c", PROBE, self.module, *map(str, self.folders)]
        with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as told:
            asked.write(json.dumps(event).encode())
            asked.seek(0)
            child = subprocess.Popen(
                command,
                stdin=asked,
                stdout=told,
                stderr=subprocess.DEVNULL,
                env={**self.environment, "PATH": os.environ["PATH"]},
            )
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode:
                raise subprocess.CalledProcessError(child.returncode, command)
            told.seek(0)
            measured: dict[str, float] = json.loads(told.read().splitlines()[-1])
        measured["cpu_s"] = used.ru_utime + used.ru_stime
        return measured


def subjects(cloud: BackgroundCloud) -> list[tuple[Subject, Subject]]:
    """Each function beside the textbook for the same route."""
    ready = cloud.ready
    key = Identity(ready["access_key_id"], ready["access_key_secret"])
    around = Surroundings(
        data=cloud.data,
        endpoints=Endpoints(
            gateway=ready["gateway"],
            **{name: ready[name]["endpoint"] for name in SERVICES},
        ),
        tablestore_instance=ready["tablestore"]["instance"],
        account_id=ACCOUNT_ID,
        access_key=key,
        api_keys=ApiKeys(**ready["api_keys"]),
    )
    manifest = render(
        PROJECT.s_yaml, environment=PROJECT.environment(around), account_id=ACCOUNT_ID
    )
    pairs = []
    specs = {spec.resource: spec for spec in manifest.functions}
    for resource, (path, _) in LIMITS.items():
        environment = {
            **specs["request_otp"].environment,
            "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
            "BENCH_KEY": ready["api_key"],
        }
        environment.pop("PYTHONPATH", None)
        folder = LOCAL_BUILD / "functions" / resource
        ours = Subject(
            resource, "index", (folder, folder / "python"), path, environment, isolated=True
        )
        textbook = Subject(
            "textbook", "tests.bench.textbook", (ROOT,), path, environment, isolated=False
        )
        pairs.append((ours, textbook))
    return pairs
