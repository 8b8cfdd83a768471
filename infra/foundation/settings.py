"""Where the account is and who asks, from the environment; every bad key is named at once.

As in infra/s.env.example, and with the credentials in ALIBABA_CLOUD_ACCESS_KEY_ID,
ALIBABA_CLOUD_ACCESS_KEY_SECRET and, for a role, ALIBABA_CLOUD_SECURITY_TOKEN. The services are
activated and the Tablestore instance is made before, in the console. Besides:

    SESAME_ACCOUNT_ID     the account that is meant; another is refused
    SESAME_LOG_PROJECT    the log project, sesame-<stage> if empty; such names are unique in the
                          whole cloud, so that yours may be taken
    SESAME_ALERT_POLICY   the action policy of SLS that says who hears of an alert; empty: the
                          built-in one
    SESAME_RAM_ENDPOINT, SESAME_SLS_ENDPOINT, SESAME_STS_ENDPOINT
                          URLs in the place of the services' own, as those of the local cloud
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.foundation.model import FoundationFailed
from shared.secret_source import PREFIX

_STAGE = re.compile(r"[a-z0-9-]{1,20}", re.ASCII)
_URL = re.compile(r"https?://[^\s/]+/?", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{1,20}", re.ASCII)
_PROJECT = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", re.ASCII)
_POLICY = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
_SMQ_OWNER = re.compile(r"https?://([0-9]{10,20})\.mns\.", re.ASCII)
_KEYS = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the adapters need. Endpoints are URLs; empty: the service's own."""

    stage: str
    region: str
    tablestore_endpoint: str
    tablestore_instance: str
    smq_endpoint: str
    access_key_id: str = field(repr=False)
    access_key_secret: str = field(repr=False)
    security_token: str = field(default="", repr=False)
    account_id: str = ""
    """The one that is meant; empty: whichever the credentials are of."""
    log_project: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Names of KMS secrets, by the variable that says `kms:<name>`."""
    action_policy: str = ""
    ram_endpoint: str = ""
    sls_endpoint: str = ""
    sts_endpoint: str = ""

    @property
    def project(self) -> str:
        """The log project."""
        return self.log_project or f"sesame-{self.stage}"

    @property
    def queue_owner(self) -> str:
        """The account that the SMQ endpoint is of; empty if its name does not tell."""
        owner = _SMQ_OWNER.match(self.smq_endpoint)
        return owner[1] if owner else ""


def read_settings(environment: Mapping[str, str], *, stage: str, account_id: str) -> Settings:
    """The settings. account_id: over SESAME_ACCOUNT_ID. Raises FoundationFailed."""
    missing = [name for name in _KEYS if not environment.get(name)]
    if missing:
        raise FoundationFailed("no_credentials", f"{', '.join(missing)} not set")
    read = {
        "--stage": (stage, _STAGE, True),
        "ALIYUN_REGION": (environment.get("ALIYUN_REGION") or "cn-hangzhou", _STAGE, True),
        "SESAME_ACCOUNT_ID": (
            account_id or environment.get("SESAME_ACCOUNT_ID", ""),
            _ACCOUNT,
            False,
        ),
        "SESAME_TABLESTORE_INSTANCE": (
            environment.get("SESAME_TABLESTORE_INSTANCE", ""),
            re.compile(r"[A-Za-z0-9-]{3,16}"),
            True,
        ),
        "SESAME_LOG_PROJECT": (environment.get("SESAME_LOG_PROJECT", ""), _PROJECT, False),
        "SESAME_ALERT_POLICY": (environment.get("SESAME_ALERT_POLICY", ""), _POLICY, False),
        **{
            name: (environment.get(name, ""), _URL, needed)
            for name, needed in (
                ("SESAME_TABLESTORE_ENDPOINT", True),
                ("SESAME_SMQ_ENDPOINT", True),
                ("SESAME_RAM_ENDPOINT", False),
                ("SESAME_SLS_ENDPOINT", False),
                ("SESAME_STS_ENDPOINT", False),
            )
        },
    }
    problems = [
        f"{name} {'unusable' if text else 'not set'}"
        for name, (text, pattern, is_needed) in read.items()
        if (text or is_needed) and not pattern.fullmatch(text)
    ]
    if problems:
        raise FoundationFailed("settings_invalid", ", ".join(problems))
    text = {name: each[0].rstrip("/") for name, each in read.items()}
    return Settings(
        stage=text["--stage"],
        region=text["ALIYUN_REGION"],
        tablestore_endpoint=text["SESAME_TABLESTORE_ENDPOINT"],
        tablestore_instance=text["SESAME_TABLESTORE_INSTANCE"],
        smq_endpoint=text["SESAME_SMQ_ENDPOINT"],
        access_key_id=environment[_KEYS[0]],
        access_key_secret=environment[_KEYS[1]],
        security_token=environment.get("ALIBABA_CLOUD_SECURITY_TOKEN", ""),
        account_id=text["SESAME_ACCOUNT_ID"],
        log_project=text["SESAME_LOG_PROJECT"],
        secrets={
            key: value.removeprefix(PREFIX)
            for key, value in environment.items()
            if key.startswith("SESAME_") and value.startswith(PREFIX)
        },
        action_policy=text["SESAME_ALERT_POLICY"],
        ram_endpoint=text["SESAME_RAM_ENDPOINT"],
        sls_endpoint=text["SESAME_SLS_ENDPOINT"],
        sts_endpoint=text["SESAME_STS_ENDPOINT"],
    )
