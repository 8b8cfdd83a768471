"""Stands in for `s deploy`: the environment of each function, by UpdateFunction through the SDK.

python deploy.py READY_FILE, with the stage's variables in the environment, in the folder of s.yaml.
The real tool packages, asks and sends the code too; that is tried where the tool is.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from alibabacloud_fc20230330 import models
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.utils_models import Config

from infra.localcloud.core.identities import ACCOUNT_ID
from infra.serverless_devs import render


def main(ready_file: Path) -> None:
    ready = json.loads(ready_file.read_text())
    client = Client(
        Config(
            access_key_id=ready["access_key_id"],
            access_key_secret=ready["access_key_secret"],
            endpoint=ready["fc"]["endpoint"].removeprefix("http://"),
            protocol="HTTP",
        )
    )
    manifest = render(Path("s.yaml"), environment=os.environ, account_id=ACCOUNT_ID)
    for spec in manifest.functions:
        held = client.get_function(spec.name, models.GetFunctionRequest()).body
        if dict(held.environment_variables or {}) != dict(spec.environment):
            body = models.UpdateFunctionInput(environment_variables=dict(spec.environment))
            client.update_function(spec.name, models.UpdateFunctionRequest(body=body))
            print(f"deployed {spec.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
