"""A project as small as one can be: a function that says a word, and a table."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import tablestore

from infra.localcloud.run.project import ApiKeys, Project, Surroundings

TABLE = "words"
S_YAML = """\
edition: 3.0.0
name: small
access: default
resources:
  say:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: say
      runtime: python3.10
      handler: index.handler
      code: ./functions/say
      cpu: 0.35
      memorySize: 512
      diskSize: 512
      timeout: 10
      instanceConcurrency: 1
      internetAccess: true
      logConfig: {project: small, logstore: functions, logBeginRule: None}
      environmentVariables: {WORD: "${env('WORD')}"}
      customDomain:
        domainName: small.example.com
        protocol: HTTP
        route: {path: /v1/say, qualifier: LATEST}
      triggers:
        - triggerName: http
          triggerType: http
          triggerConfig: {authType: anonymous, methods: [GET]}
"""
CODE = """\
import os


def handler(event, context):
    return {"statusCode": 200, "body": os.environ["WORD"] + MARK}
"""


def client_of(around: Surroundings) -> tablestore.OTSClient:
    return tablestore.OTSClient(
        around.endpoints.tablestore,
        around.access_key.access_key_id,
        around.access_key.access_key_secret,
        around.tablestore_instance,
    )


def write_function(folder: Path, mark: str) -> None:
    """A packaged `say` under `folder`, whose answers end in `mark`."""
    (folder / "say").mkdir(parents=True)
    (folder / "say" / "index.py").write_text(f"MARK = {mark!r}\n{CODE}")


@dataclass
class SmallProject:
    """The project in a folder of its own; `prepared` counts how often it was made ready."""

    root: Path
    prepared: list[Surroundings] = field(default_factory=list)
    before_prepare: Callable[[], object] = lambda: None

    def __post_init__(self) -> None:
        write_function(self.root / "functions", mark="!")
        (self.root / "s.yaml").write_text(S_YAML)

    def project(self) -> Project:
        return Project(
            s_yaml=self.root / "s.yaml",
            region="cn-hangzhou",
            api_keys=lambda data: ApiKeys("first-key", "second-key"),
            environment=lambda around: {"WORD": "hello"},
            catalogue=lambda catalogue: catalogue.ensure_sign("芝麻"),
            prepare=self._prepare,
            functions=None,
            purposes=("login",),
            example_phone="+8613800138000",
        )

    def _prepare(self, around: Surroundings) -> None:
        assert threading.current_thread() is not threading.main_thread()
        self.before_prepare()
        self.prepared.append(around)
        client = client_of(around)
        if TABLE in client.list_table():
            return
        client.create_table(
            tablestore.TableMeta(TABLE, [("key", "STRING")]),
            tablestore.TableOptions(),
            tablestore.ReservedThroughput(tablestore.CapacityUnit(0, 0)),
        )
