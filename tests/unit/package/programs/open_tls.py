"""Run inside a packaged folder: what the SDK's adapters trust, for https and for http; and names
that lazy packages find. Argument: the folder.
"""

import json
import sys

folder = sys.argv[1]
sys.path[:0] = [folder, f"{folder}/python"]

import charset_normalizer  # noqa: E402  (the path is set first)
import phonenumbers  # noqa: E402
from alibabacloud_dysmsapi20170525 import models  # noqa: E402
from darabonba.core import DaraCore  # noqa: E402

context = DaraCore.get_adapter("https", "TLSv1.2").ssl_context
parsed = phonenumbers.parse("+8613800138000")
found = {
    "authorities": len(context.get_ca_certs()),
    "verifies": context.verify_mode.name,
    "checks_hostname": context.check_hostname,
    "minimum": context.minimum_version.name,
    "http": DaraCore.get_adapter("http").ssl_context is None,
    "guess": charset_normalizer.from_bytes("naïve café".encode()).best().encoding,
    "valid": phonenumbers.is_valid_number(parsed),
    "models": len([name for name in models.__all__ if getattr(models, name).__name__ == name]),
    "unused": sorted(
        {"asyncio", "argparse", "importlib.metadata", "xml.etree.ElementTree"} & {*sys.modules}
    ),
}
print(json.dumps(found))
