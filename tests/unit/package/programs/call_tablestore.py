"""Run inside a packaged folder: three synchronous Tablestore calls, what each ended with, and which
third-party modules were loaded on the way. Arguments: the folder, an endpoint.
"""

import json
import sys

folder, endpoint = sys.argv[1:3]
sys.path[:0] = [folder, f"{folder}/python"]

import tablestore as ots  # noqa: E402  (the path is set first)

client = ots.OTSClient(
    endpoint, "test-id", "test-secret", "instance", retry_policy=ots.retry.NoRetryPolicy()
)
key = [("subject", "a"), ("item", "b")]
put = ots.PutRowItem(ots.Row(key, [("count", 1)]), ots.Condition("IGNORE"))


def batch_write() -> None:
    request = ots.BatchWriteRowRequest()
    request.add(ots.TableInBatchWriteRowItem("rows", [put]))
    client.batch_write_row(request)


def batch_get() -> None:
    request = ots.BatchGetRowRequest()
    request.add(ots.TableInBatchGetRowItem("rows", [key], max_version=1))
    client.batch_get_row(request)


endings = []
for call in (batch_write, batch_get, lambda: client.get_row("rows", key, max_version=1)):
    try:
        call()
        endings.append("answered")
    except ots.error.OTSError as refused:
        endings.append(type(refused).__name__)

sources = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
print(json.dumps({"endings": endings, "sources": sources}))
