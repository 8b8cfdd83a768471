"""Sesame as the local cloud starts it: what it is deployed with, and what it stands on.

The secrets of a local cloud are made at its first start and kept in its data folder, readable by
their owner alone: codes and keys of one run are good in the next.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from infra.foundation.role import LOG_STORE, LOGS_KEPT_DAYS
from infra.foundation.roles import roles
from infra.localcloud.dysmsapi.catalogue import Catalogue
from infra.localcloud.run.project import (
    ApiKeys,
    Callbacks,
    LogPlace,
    Project,
    RoleGrant,
    Surroundings,
)
from infra.localcloud.run.refusal import StartRefused
from infra.package import PackagingFailed, build
from infra.queues import account_from, apply_queues
from infra.quiet_tablestore import ots
from infra.sms_catalogue import (
    SIGN_NAME,
    Autofill,
    Template,
    as_setting,
    notification_setting,
    templates,
)
from infra.tables import apply_tables
from infra.token_keys import new_seed, public_setting, secret_setting
from infra.watch.files import load
from shared.access.api_keys import hash_key
from shared.otp.policy_file import load_policies

ROOT = Path(__file__).resolve().parent.parent
STAGE, REGION = "local", "cn-hangzhou"
LOCAL_BUILD = ROOT / "build" / "local"
"""Apart from build/functions, which holds what is deployed, for another interpreter perhaps."""


def _secrets(data: Path) -> Mapping[str, str]:
    file = data / "secrets.json"
    if not file.exists():
        # Whole or not at all: a start that is cut off must not leave half a file for the next.
        draft = data / "secrets.json.new"
        draft.touch(mode=0o600)
        draft.write_text(
            json.dumps(
                {
                    "default_key": "sk_" + secrets.token_urlsafe(32),
                    "second_key": "sk_" + secrets.token_urlsafe(32),
                    "otp_key": base64.b64encode(secrets.token_bytes(32)).decode(),
                    "pseudonym_key": base64.b64encode(secrets.token_bytes(32)).decode(),
                }
            )
        )
        draft.replace(file)
    kept: dict[str, str] = json.loads(file.read_text())
    if "session_key" not in kept:  # a folder of an earlier version
        kept.setdefault("record_key", base64.b64encode(secrets.token_bytes(32)).decode())
        kept.setdefault("callback_secret", secrets.token_urlsafe(32))
        kept.setdefault("token_key", new_seed().hex())
        kept["console_key"] = "sk_" + secrets.token_urlsafe(32)
        kept["session_key"] = base64.b64encode(secrets.token_bytes(32)).decode()
        draft = data / "secrets.json.new"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(kept))
        draft.replace(file)
    return kept


def _api_keys(data: Path) -> ApiKeys:
    kept = _secrets(data)
    return ApiKeys(
        default=kept["default_key"], second=kept["second_key"], console=kept["console_key"]
    )


def _environment(around: Surroundings) -> Mapping[str, str]:
    kept, keys = _secrets(around.data), around.api_keys
    operator = f"default:{hash_key(kept['console_key'])}:figures+support+operate"
    token_keys = {"local": bytes.fromhex(kept["token_key"])}
    return {
        "STAGE": STAGE,
        "SESAME_TABLESTORE_ENDPOINT": around.endpoints.tablestore,
        "SESAME_TABLESTORE_INSTANCE": around.tablestore_instance,
        "SESAME_SMS_ENDPOINT": around.endpoints.dysmsapi,
        "SESAME_SMS_SIGN_NAME": SIGN_NAME,
        "SESAME_OTP_TEMPLATES": as_setting(_templates()),
        "SESAME_OTP_KEYS": f"1:{kept['otp_key']}",
        "SESAME_PSEUDONYM_KEY": kept["pseudonym_key"],
        "SESAME_RECORD_KEY": kept["record_key"],
        "SESAME_CALLBACK_SECRETS": kept["callback_secret"],
        "SESAME_SMQ_ENDPOINT": around.endpoints.smq,
        "SESAME_EMAIL_ACCOUNT": "notices@sesame.example",
        "SESAME_EMAIL_ENDPOINT": around.endpoints.directmail,
        "SESAME_NOTIFICATION_TEMPLATES": notification_setting(STAGE),
        "SESAME_OTP_TOKEN_KEYS": secret_setting(token_keys),
        "SESAME_OTP_TOKEN_PUBLIC_KEYS": public_setting(token_keys),
        "SESAME_OTP_TOKEN_ISSUER": around.endpoints.gateway,
        "SESAME_API_KEYS": f"default:{hash_key(keys.default)},second:{hash_key(keys.second)},"
        f"{operator}",
        "SESAME_CONSOLE_KEY": kept["session_key"],
    }


def _templates() -> list[Template]:
    """With every option, so that it is seen on a laptop: the inbox has phones of all kinds."""
    autofill = Autofill("otp.example.com", app_hash="FA+9qCX9VSu")
    return templates(STAGE, autofill=autofill, languages=("zh",))


def _catalogue(catalogue: Catalogue) -> None:
    catalogue.ensure_sign(SIGN_NAME)
    for template in _templates():
        catalogue.ensure_template(
            template.code, name=template.name, kind=template.kind, content=template.content
        )


def _prepare(around: Surroundings) -> None:
    try:
        build(target="here", out=LOCAL_BUILD)
    except PackagingFailed as error:
        raise StartRefused(f"package: {error}") from error
    account = account_from(
        {
            "SESAME_SMQ_ENDPOINT": around.endpoints.smq,
            "ALIBABA_CLOUD_ACCESS_KEY_ID": around.access_key.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": around.access_key.access_key_secret,
        }
    )
    apply_queues(account, STAGE)
    apply_tables(
        ots.OTSClient(
            around.endpoints.tablestore,
            around.access_key.access_key_id,
            around.access_key.access_key_secret,
            around.tablestore_instance,
        )
    )


def _roles(around: Surroundings) -> list[RoleGrant]:
    given = roles(STAGE, around.account_id, REGION, around.tablestore_instance)
    return [
        RoleGrant(role.name, role.description, {role.name: role.policy}, role.trust)
        for role in given
    ]


def _logs(around: Surroundings) -> list[LogPlace]:
    project = f"sesame-{STAGE}"
    files = load(stage=STAGE, project=project, logstore=LOG_STORE, region=REGION)
    return [
        LogPlace(project, LOG_STORE, LOGS_KEPT_DAYS, files.index, files.dashboards, files.alerts)
    ]


def _callbacks(around: Surroundings) -> Callbacks:
    address = f"{around.endpoints.gateway}/v1/callbacks/{_secrets(around.data)['callback_secret']}"
    return Callbacks(f"{address}/sms-report", f"{address}/sms-up")


PROJECT = Project(
    s_yaml=ROOT / "s.yaml",
    functions=LOCAL_BUILD / "functions",
    region=REGION,
    api_keys=_api_keys,
    environment=_environment,
    catalogue=_catalogue,
    prepare=_prepare,
    purposes=tuple(load_policies()),
    example_phone="+8613800138000",
    callbacks=_callbacks,
    roles=_roles,
    logs=_logs,
    console="/console/",
)
