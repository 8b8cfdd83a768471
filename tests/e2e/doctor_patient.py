"""A local cloud that is whole, the clients that break it, and the doctor that looks at it."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from alibabacloud_fc20230330 import models as fc
from alibabacloud_fc20230330.client import Client as FcClient
from alibabacloud_sts20150401 import models as sts
from alibabacloud_sts20150401.client import Client as StsClient
from darabonba.runtime import RuntimeOptions

from infra.background_cloud import BackgroundCloud
from infra.doctor.__main__ import look
from infra.doctor.examine import Report
from infra.doctor.local_cloud import local_stage
from infra.doctor.rights import doctor
from infra.foundation.__main__ import account_hosts
from infra.foundation.__main__ import main as foundation
from infra.foundation.model import Attributes, Resource
from infra.foundation.openapi import openapi_config
from infra.foundation.ram import ram_client
from infra.foundation.role import Place, Role
from infra.foundation.settings import Settings, read_settings
from infra.foundation.sls import sls_client
from infra.foundation.smq import smq_account
from infra.foundation.tablestore import tablestore_client
from infra.foundation.wanted import of_role
from infra.localcloud.core.clock import CloudClock
from infra.localcloud.core.identities import ACCOUNT_ID
from infra.localcloud.dysmsapi.catalogue import Catalogue
from infra.serverless_devs import Trigger
from tests.sdk_sessions import close_kept_sessions

SWEEP, VERIFY = "sesame-sweep-messages", "sesame-verify-otp"
"""Functions without their stage."""


class Patient:
    """The cloud, made whole at the start. Its clients are the account's administrator."""

    def __init__(self, cloud: BackgroundCloud) -> None:
        cloud.start()
        self.cloud = cloud
        self.local = local_stage(cloud.data / "ready.json")
        self.environment = self.local.environment
        self.settings: Settings = read_settings(self.environment, stage="local", account_id="")
        self.mend()
        self.ram = ram_client(self.settings)
        self.sls = sls_client(self.settings)
        self.tables = tablestore_client(self.settings)
        self.fc = FcClient(openapi_config(self.settings, cloud.ready["fc"]["endpoint"]))
        self.sts = StsClient(openapi_config(self.settings, self.settings.sts_endpoint))
        self.smq = smq_account(self.settings)
        self._database = sqlite3.connect(cloud.data / "dysmsapi" / "dysmsapi.db")
        self.catalogue = Catalogue(self._database, CloudClock())

    def mend(self) -> None:
        """Have all that the functions stand on, as `make apply` brings it."""
        assert foundation(["apply", "--stage", "local"], self.environment) == 0

    def reset(self) -> None:
        """Start the cloud's data again."""
        self.cloud.control("POST", "/reset")
        self.mend()

    def look(
        self, changed: Mapping[str, str] | None = None, *, ahead_s: float = 0, api: str = ""
    ) -> Report:
        """The doctor's report, with other variables, another clock or another address."""
        return look(
            "local",
            {**self.environment, **(changed or {})},
            now_s=lambda: time.time() + ahead_s,
            api=api or self.local.api,
        )

    def call(self, client: Any, operation: str, *arguments: object) -> Any:
        """An operation of one of the OpenAPI clients; the answer's body, if it has one."""
        answer = getattr(client, f"{operation}_with_options")(*arguments, RuntimeOptions())
        return getattr(answer, "body", None)

    def attributes(self, resource: Resource) -> Attributes | None:
        """What the account has of a resource."""
        with account_hosts(self.settings) as hosts:
            return hosts[resource.kind].read(resource)

    def doctor_role(self) -> Role:
        """The doctor's own rights."""
        instance, region = self.settings.tablestore_instance, self.settings.region
        return doctor(Place("local", ACCOUNT_ID, region, instance))

    def have(self, role: Role) -> None:
        """Have a role with exactly that policy."""
        with account_hosts(self.settings) as hosts:
            for resource in of_role(role):
                host = hosts[resource.kind]
                held = host.read(resource)
                if held is None:
                    host.create(resource)
                else:
                    host.change(resource, held)

    def session(self, role: Role, *, duration_s: int = 3600) -> dict[str, str]:
        """The credentials of a session of the role, as variables."""
        request = sts.AssumeRoleRequest(
            role_arn=role.arn(ACCOUNT_ID),
            role_session_name="doctor",
            duration_seconds=duration_s,
        )
        given = self.call(self.sts, "assume_role", request).credentials
        return {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": given.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": given.access_key_secret,
            "ALIBABA_CLOUD_SECURITY_TOKEN": given.security_token,
        }

    def without(self, role: Role, action: str) -> Role:
        """The role less one action."""
        kept = [
            replace(each, actions=tuple(name for name in each.actions if name != action))
            for each in role.statements
        ]
        return replace(role, statements=tuple(each for each in kept if each.actions))

    def update_function(self, name: str, **changed: object) -> None:
        """UpdateFunction of what is named."""
        request = fc.UpdateFunctionRequest(body=fc.UpdateFunctionInput(**changed))
        self.call(self.fc, "update_function", f"{name}-local", request, {})

    def update_trigger(self, function: str, name: str, config: object) -> None:
        """UpdateTrigger with another config."""
        body = fc.UpdateTriggerInput(trigger_config=json.dumps(config))
        request = fc.UpdateTriggerRequest(body=body)
        self.call(self.fc, "update_trigger", f"{function}-local", name, request, {})

    def create_trigger(self, function: str, trigger: Trigger) -> None:
        """CreateTrigger."""
        body = fc.CreateTriggerInput(
            trigger_name=trigger.name,
            trigger_type=trigger.type,
            trigger_config=json.dumps(trigger.config),
        )
        request = fc.CreateTriggerRequest(body=body)
        self.call(self.fc, "create_trigger", f"{function}-local", request, {})

    def delete_trigger(self, function: str, name: str) -> None:
        """DeleteTrigger."""
        self.call(self.fc, "delete_trigger", f"{function}-local", name, {})

    def function(self, name: str) -> Any:
        """GetFunction's answer."""
        return self.call(self.fc, "get_function", f"{name}-local", fc.GetFunctionRequest(), {})

    def close(self) -> None:
        """Stop the cloud."""
        self._database.close()
        self.smq.get_client().close_connection()
        close_kept_sessions()
        self.cloud.stop()


def wrong(report: Report) -> set[str]:
    """The checks with something wrong."""
    return {line.check for line in report.lines if line.finding.status == "wrong"}


Look = Mapping[str, Any]
"""With what the doctor is called: Patient.look's arguments."""
Broken = Callable[[Patient], AbstractContextManager[Look]]
"""Breaks something for the length of a block."""
