"""Requests to SMQ by hand, signed from the specification."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import time
from xml.etree import ElementTree


def call(smq, method: str, target: str, body: bytes = b"", **changes: str | None):
    """The status and error code of one signed call; keywords change a header, None leaves it
    out.
    """
    good: dict[str, str | None] = {
        "date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()),
        "x-mns-version": "2015-06-06",
        "content-type": "text/xml",
        "content-md5": base64.b64encode(hashlib.md5(body).digest()).decode(),
    }
    good.update({name.replace("_", "-"): value for name, value in changes.items()})
    headers = {name: value for name, value in good.items() if value is not None}
    own = "".join(f"{k}:{v}\n" for k, v in sorted(headers.items()) if k.startswith("x-mns-"))
    lines = [method, *(headers.get(k, "") for k in ("content-md5", "content-type", "date"))]
    text = "\n".join(lines) + "\n" + own + target
    root = smq.cloud.identities.root
    digest = hmac.new(root.access_key_secret.encode(), text.encode(), hashlib.sha1).digest()
    signature = f"MNS {root.access_key_id}:{base64.b64encode(digest).decode()}"
    return raw(smq, method, target, body, {"Authorization": signature, **headers})


def raw(smq, method: str, target: str, body: bytes, headers: dict[str, str]):
    """The status and error code of one call with just these headers."""
    connection = http.client.HTTPConnection(smq.endpoint.removeprefix("http://"), timeout=10)
    try:
        sent = {name: value.encode() for name, value in headers.items()}
        connection.request(method, target, body=body, headers=sent)
        answer = connection.getresponse()
        text = answer.read()
        code = ElementTree.fromstring(text).findtext("{*}Code") if text else None
        return answer.status, code
    finally:
        connection.close()
