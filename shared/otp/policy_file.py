"""Reading policies: the table that is shipped, and what a deployment changes of it.

OTP_POLICIES: {"payment": {"ttl_s": 120, "context": ["amount", "payee"]}, "door": {}}: a purpose
that is there keeps what is not named; a new one starts from the defaults.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shared.errors import SettingsInvalid
from shared.otp.policy import Policies, Policy, Resend

FILE = Path(__file__).with_name("policies.json")

_Purpose = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
_Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,31}$")]


class _Limit(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    limit: int = Field(ge=1, le=500)
    window_s: int = Field(ge=1, le=86_400)


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    code_length: int = 6
    long_code_length: int = 0
    alphabet: str = "digits"
    ttl_s: int = 300
    max_attempts: int = 3
    resend: Resend = "same"
    resend_after_s: int = 60
    limits: list[_Limit] = Field(default=[], max_length=4)
    context: list[_Name] = Field(default=[], max_length=8)


_TABLE = TypeAdapter(dict[_Purpose, _Row])


@lru_cache(maxsize=4)
def load_policies(changes: str = "", *, file: Path = FILE) -> Policies:
    """Every purpose with its policy. changes: OTP_POLICIES; empty for none.

    Raises SettingsInvalid, which names every bad purpose and key.
    """
    table = json.loads(file.read_bytes())
    try:
        changed = json.loads(changes) if changes.strip() else {}
        if not isinstance(changed, dict):
            raise ValueError("not an object")
    except ValueError:
        raise SettingsInvalid("OTP_POLICIES: not a JSON object of purposes") from None
    for purpose, row in changed.items():
        table[purpose] = {**table.get(purpose, {}), **row} if isinstance(row, dict) else row
    try:
        rows = _TABLE.validate_python(table)
    except ValidationError as error:
        raise SettingsInvalid(
            "; ".join(
                ".".join(["OTP_POLICIES", *(str(part) for part in problem["loc"])])
                + f": {problem['msg']}"
                for problem in error.errors(include_input=False, include_url=False)
            )
        ) from None
    policies: dict[str, Policy] = {}
    problems: list[str] = []
    for purpose, row in rows.items():
        try:
            policies[purpose] = Policy(
                purpose,
                code_length=row.code_length,
                long_code_length=row.long_code_length,
                alphabet=row.alphabet,
                ttl_s=row.ttl_s,
                max_attempts=row.max_attempts,
                resend=row.resend,
                resend_after_s=row.resend_after_s,
                limits=tuple((each.limit, each.window_s) for each in row.limits),
                context=tuple(row.context),
            )
        except ValueError as error:
            problems.append(f"OTP_POLICIES.{error}")
    if problems:
        raise SettingsInvalid("; ".join(problems))
    return policies
