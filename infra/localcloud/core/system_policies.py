"""The policies that the platform itself provides, as far as the local cloud knows them.

Inferred: their documents. The real ones name more services that each console needs; what is here
is the service's own part.
"""

from __future__ import annotations

import json
from collections.abc import Mapping


def _document(*actions: str) -> str:
    statement = {"Action": list(actions), "Resource": "*", "Effect": "Allow"}
    return json.dumps({"Version": "1", "Statement": [statement]}, separators=(",", ":"))


SYSTEM_POLICIES: Mapping[str, str] = {
    "AdministratorAccess": _document("*"),
    "AliyunOTSFullAccess": _document("ots:*"),
    # The page "Custom RAM policy" of Tablestore lists these as "all read-only APIs".
    "AliyunOTSReadOnlyAccess": _document(
        "ots:BatchGet*",
        "ots:Describe*",
        "ots:Get*",
        "ots:List*",
        "ots:Consume*",
        "ots:Search",
        "ots:ComputeSplitPointsBySize",
    ),
    "AliyunMNSFullAccess": _document("mns:*"),
    "AliyunDysmsFullAccess": _document("dysms:*"),
    "AliyunDirectMailFullAccess": _document("dm:*"),
    "AliyunLogFullAccess": _document("log:*"),
    "AliyunFCFullAccess": _document("fc:*"),
    "AliyunEventBridgeFullAccess": _document("eventbridge:*"),
    "AliyunRAMFullAccess": _document("ram:*"),
    "AliyunSTSAssumeRoleAccess": _document("sts:AssumeRole"),
}
