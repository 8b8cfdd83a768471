"""Run inside a packaged folder: one `send_sms` with a credentials provider of our own, its answer,
and which modules were loaded on the way. Arguments: the folder, a server's host and port.
"""

import json
import sys

folder, server = sys.argv[1:3]
sys.path[:0] = [folder, f"{folder}/python"]

from alibabacloud_credentials.client import Client as CredentialsClient  # noqa: E402
from alibabacloud_credentials.models import CredentialModel  # noqa: E402
from alibabacloud_credentials_api import ICredentialsProvider  # noqa: E402
from alibabacloud_dysmsapi20170525.client import Client  # noqa: E402
from alibabacloud_dysmsapi20170525.models import SendSmsRequest  # noqa: E402
from alibabacloud_tea_openapi.models import Config  # noqa: E402


class Invocation(ICredentialsProvider):
    def get_credentials(self) -> CredentialModel:
        return CredentialModel(
            access_key_id="sts-id",
            access_key_secret="sts-secret",
            security_token="sts-token",
            provider_name="invocation",
        )

    def get_provider_name(self) -> str:
        return "invocation"


credentials = CredentialsClient(provider=Invocation())
client = Client(Config(credential=credentials, endpoint=server, protocol="http"))
answer = client.send_sms(
    SendSmsRequest(
        phone_numbers="13800138000",
        sign_name="Sesame",
        template_code="SMS_1",
        template_param='{"code": "000000"}',
    )
)
sources = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
print(json.dumps({"code": answer.body.code, "biz_id": answer.body.biz_id, "sources": sources}))
