"""What the functions stand on, and the SMS service, broken one by one and put right again."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from alibabacloud_ram20150501 import models as ram
from mns.mns_exception import MNSServerException
from mns.queue import Message

from infra.doctor.resources import LETTERS_TOLERATED
from infra.queues import DEAD, FOLLOWUPS
from infra.sms_catalogue import SIGN_NAME, notifications
from infra.tables import TABLES, create_table
from shared.rows import CONSENT
from tests.e2e.doctor_patient import VERIFY, Broken, Look, Patient

LOGS_ALONE = {"Effect": "Allow", "Action": ["log:PostLogStoreLogs"], "Resource": ["*"]}
CODE_TEMPLATE = "SMS_100000001"


@contextmanager
def deleted_role(patient: Patient) -> Iterator[Look]:
    name = f"{VERIFY}-local"
    detach = ram.DetachPolicyFromRoleRequest(role_name=name, policy_name=name, policy_type="Custom")
    patient.call(patient.ram, "detach_policy_from_role", detach)
    patient.call(patient.ram, "delete_role", ram.DeleteRoleRequest(role_name=name))
    yield {}
    patient.mend()


@contextmanager
def narrower_policy(patient: Patient) -> Iterator[Look]:
    request = ram.CreatePolicyVersionRequest(
        policy_name=f"{VERIFY}-local",
        policy_document=json.dumps({"Version": "1", "Statement": [LOGS_ALONE]}),
        set_as_default=True,
        rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
    )
    patient.call(patient.ram, "create_policy_version", request)
    yield {}
    patient.mend()


@contextmanager
def deleted_table(patient: Patient) -> Iterator[Look]:
    patient.tables.delete_table(CONSENT)
    yield {}
    patient.mend()


@contextmanager
def other_schema(patient: Patient) -> Iterator[Look]:
    patient.tables.delete_table(CONSENT)
    create_table(patient.tables, CONSENT, key=["phone"], ttl_s=-1, max_versions=1)
    yield {}
    patient.tables.delete_table(CONSENT)
    patient.mend()


@contextmanager
def shorter_ttl(patient: Patient) -> Iterator[Look]:
    patient.tables.delete_table(CONSENT)
    table = next(each for each in TABLES if each.name == CONSENT)
    create_table(patient.tables, CONSENT, key=table.key, ttl_s=86_400, max_versions=1)
    yield {}
    patient.mend()


@contextmanager
def deleted_queue(patient: Patient) -> Iterator[Look]:
    patient.smq.get_queue(FOLLOWUPS.name_in("local")).delete()
    yield {}
    patient.mend()


@contextmanager
def deleted_topic(patient: Patient) -> Iterator[Look]:
    patient.smq.get_topic("sesame-events-local").delete()
    yield {}
    patient.mend()


@contextmanager
def many_letters(patient: Patient) -> Iterator[Look]:
    queue = patient.smq.get_queue(DEAD.name_in("local"))
    for _ in range(LETTERS_TOLERATED + 1):
        queue.send_message(Message("{}"))
    yield {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        while True:
            try:
                taken = queue.receive_message()
            except MNSServerException:
                break
            queue.delete_message(taken.receipt_handle)


@contextmanager
def deleted_index(patient: Patient) -> Iterator[Look]:
    patient.call(patient.sls, "delete_index", "sesame-local", "functions", {})
    yield {}
    patient.mend()


@contextmanager
def deleted_alert(patient: Patient) -> Iterator[Look]:
    patient.call(patient.sls, "delete_alert", "sesame-local", "sesame-local-provider", {})
    yield {}
    patient.mend()


@contextmanager
def rejected_sign(patient: Patient) -> Iterator[Look]:
    patient.catalogue.set_sign_state(SIGN_NAME, "rejected", "资质不全")
    yield {}
    patient.catalogue.set_sign_state(SIGN_NAME, "approved")


@contextmanager
def unregistered_sign(patient: Patient) -> Iterator[Look]:
    patient.catalogue.set_sign_registration(SIGN_NAME, -1)
    yield {}
    patient.catalogue.set_sign_registration(SIGN_NAME, 3)


@contextmanager
def unapproved_template(patient: Patient) -> Iterator[Look]:
    patient.catalogue.set_template_state(CODE_TEMPLATE, "reviewing")
    yield {}
    patient.catalogue.set_template_state(CODE_TEMPLATE, "approved")


@contextmanager
def removed_template(patient: Patient) -> Iterator[Look]:
    gone = notifications("local")[0]
    patient.catalogue.remove_template(gone.code)
    yield {}
    patient.catalogue.add_template(
        name=gone.name, kind=gone.kind, content=gone.content, code=gone.code
    )
    patient.catalogue.set_template_state(gone.code, "approved")


@contextmanager
def other_variables(patient: Patient) -> Iterator[Look]:
    held = patient.catalogue.template(CODE_TEMPLATE)
    assert held is not None
    for content in (held.content.replace("${code}", "${number}"), held.content):
        patient.catalogue.rewrite_template(
            CODE_TEMPLATE, name=held.name, kind=held.kind, content=content
        )
        patient.catalogue.set_template_state(CODE_TEMPLATE, "approved")
        if content != held.content:
            yield {}


def refused(code: str) -> Broken:
    @contextmanager
    def broken(patient: Patient) -> Iterator[Look]:
        fault = {"service": "dysmsapi", "operation": "*", "kind": f"error:{code}", "times": 99}
        patient.cloud.control("POST", "/faults", fault)
        yield {}
        patient.cloud.control("DELETE", "/faults")

    return broken
