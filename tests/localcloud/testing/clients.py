"""The unmodified SDKs, made from what a LocalCloud says."""

from __future__ import annotations

from contextlib import contextmanager

import tablestore
from alibabacloud_dysmsapi20170525 import models
from alibabacloud_dysmsapi20170525.client import Client as SmsClient
from alibabacloud_ram20150501 import models as ram_models
from alibabacloud_ram20150501.client import Client as RamClient
from alibabacloud_tea_openapi.utils_models import Config
from mns.account import Account
from mns.queue import Message, QueueMeta

from infra.localcloud.testing import LocalCloud

TRIAL_SIGN, TRIAL_TEMPLATE = "阿里云短信测试", "SMS_154950909"
PHONE = "+8613800138000"


def rows(cloud: LocalCloud) -> tablestore.OTSClient:
    return tablestore.OTSClient(*cloud.tablestore_arguments)


def make_table(cloud: LocalCloud) -> None:
    rows(cloud).create_table(
        tablestore.TableMeta("words", [("key", "STRING")]),
        tablestore.TableOptions(),
        tablestore.ReservedThroughput(tablestore.CapacityUnit(0, 0)),
    )


def put_row(cloud: LocalCloud, key: str) -> None:
    row = tablestore.Row([("key", key)], [("value", 1)])
    rows(cloud).put_row("words", row, tablestore.Condition("IGNORE"))


def has_row(cloud: LocalCloud, key: str) -> bool:
    _, row, _ = rows(cloud).get_row("words", [("key", key)], max_version=1)
    return row is not None


def sms(cloud: LocalCloud) -> SmsClient:
    return SmsClient(Config(**cloud.openapi_config("dysmsapi")))


def send(cloud: LocalCloud, code: str = "123456", phone: str = PHONE) -> str:
    request = models.SendSmsRequest(
        phone_numbers=phone,
        sign_name=TRIAL_SIGN,
        template_code=TRIAL_TEMPLATE,
        template_param=f'{{"code":"{code}"}}',
    )
    return str(sms(cloud).send_sms(request).body.code)


def make_template(cloud: LocalCloud) -> str:
    request = models.CreateSmsTemplateRequest(
        template_name="通知", template_type=1, template_content="您的包裹已到。"
    )
    return str(sms(cloud).create_sms_template(request).body.template_code)


def template_status(cloud: LocalCloud, code: str) -> str:
    request = models.GetSmsTemplateRequest(template_code=code)
    return str(sms(cloud).get_sms_template(request).body.template_status)


@contextmanager
def queue(cloud: LocalCloud):
    """The queue, on a connection that is closed after the block."""
    account = Account(*cloud.queue_arguments)
    yield account.get_queue("jobs")
    account.mns_client.close_connection()


def make_queue(cloud: LocalCloud) -> None:
    with queue(cloud) as jobs:
        jobs.create(QueueMeta())


def put_message(cloud: LocalCloud, body: str) -> None:
    with queue(cloud) as jobs:
        jobs.send_message(Message(body))


def message_bodies(cloud: LocalCloud) -> list[str]:
    with queue(cloud) as jobs:
        return [message.message_body.decode() for message in jobs.batch_peek_message(16)]


def ram(cloud: LocalCloud) -> RamClient:
    return RamClient(Config(**cloud.openapi_config("ram")))


def make_role(cloud: LocalCloud, name: str) -> None:
    trust = (
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        '"Principal":{"Service":["fc.aliyuncs.com"]}}]}'
    )
    ram(cloud).create_role(
        ram_models.CreateRoleRequest(role_name=name, assume_role_policy_document=trust)
    )


def role_names(cloud: LocalCloud) -> list[str]:
    found = ram(cloud).list_roles(ram_models.ListRolesRequest()).body.roles.role or []
    return [role.role_name for role in found]
