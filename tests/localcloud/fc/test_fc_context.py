"""What a function finds around it: context, credentials, environment, search path."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from tests.localcloud.fc.functions_on_disk import Functions

Deploy = Callable[..., Functions]

DUMP_CONTEXT = """
    def plain(value):
        if not hasattr(value, "__dict__"):
            return value
        return {key: plain(item) for key, item in vars(value).items()}

    def handler(event, context):
        context.__dict__.pop("getLogger", None)
        return plain(context)
"""
DUMP_ENVIRONMENT = """
    import os
    def handler(event, context):
        return dict(os.environ)
"""


def test_context_of_python310_carries_credentials_and_service(deploy: Deploy) -> None:
    functions = deploy(DUMP_CONTEXT, runtime="python3.10")
    result = functions.invoke()
    context = json.loads(result.payload)
    credentials = context.pop("credentials")
    assert set(credentials) == {"access_key_id", "access_key_secret", "security_token"}
    assert context == {
        "request_id": result.request_id,
        "function": {
            "name": "sample-fn",
            "handler": "index.handler",
            "memory": 512,
            "timeout": 10,
        },
        "service": {
            "log_project": "sample-project",
            "log_store": "sample-store",
            "qualifier": "LATEST",
            "version_id": "",
        },
        "region": "cn-hangzhou",
        "account_id": "1000000000000001",
    }


def test_context_of_python312_has_neither_credentials_nor_service(deploy: Deploy) -> None:
    functions = deploy(DUMP_CONTEXT, runtime="python3.12")
    result = functions.invoke()
    assert json.loads(result.payload) == {
        "request_id": result.request_id,
        "function": {
            "name": "sample-fn",
            "handler": "index.handler",
            "memory": 512,
            "timeout": 10,
            "version_id": "",
            "qualifier": "LATEST",
        },
        "region": "cn-hangzhou",
        "account_id": "1000000000000001",
        "log_project": "sample-project",
        "log_store": "sample-store",
    }


def test_context_of_python312_gives_a_logger(deploy: Deploy) -> None:
    code = """
        def handler(event, context):
            context.getLogger().info("from the context's logger")
    """
    result = deploy(code, runtime="python3.12").invoke()
    assert result.log[-1].endswith(f"{result.request_id} [INFO] from the context's logger")


def test_event_arrives_as_bytes(deploy: Deploy) -> None:
    code = "def handler(event, context): return [type(event).__name__, event.decode()]"
    assert deploy(code).returned({"a": "ü"}) == ["bytes", '{"a": "\\u00fc"}']


def test_credentials_are_new_for_each_invocation(deploy: Deploy) -> None:
    code = """
        import os
        def handler(event, context):
            names = ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")
            return [
                [os.environ["ALIBABA_CLOUD_" + name] for name in names],
                [getattr(context.credentials, name.lower()) for name in names],
            ]
    """
    functions = deploy(code)
    first, first_context = functions.returned()
    second, second_context = functions.returned()
    assert (first, second) == (first_context, second_context)
    assert not set(first) & set(second)


def test_credentials_are_a_session_of_the_functions_role(deploy: Deploy) -> None:
    functions = deploy(DUMP_ENVIRONMENT)
    session = functions.cloud.identities.find(functions.returned()["ALIBABA_CLOUD_ACCESS_KEY_ID"])
    assert session is not None
    assert (session.role, session.function) == (functions.spec.role, "sample")


def test_a_printed_context_shows_no_credentials(deploy: Deploy) -> None:
    code = """
        def handler(event, context):
            print(context)
            return context.credentials.access_key_secret
    """
    result = deploy(code).invoke()
    assert result.payload.decode() not in "".join(result.log)


def test_environment_is_the_functions_and_the_platforms_alone(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid")
    monkeypatch.setenv("SECRET_OF_THE_HOST", "x")
    environment = deploy(DUMP_ENVIRONMENT, environment={"STAGE": "dev"}).returned()
    expected = {"PATH", "HOME", "LANG", "TZ", "STAGE"} & (set(os.environ) | {"LANG", "TZ", "STAGE"})
    platform = {name for name in environment if name.startswith(("FC_", "ALIBABA_CLOUD_"))}
    # LC_CTYPE is the interpreter's own doing where the host's locale is C.
    assert set(environment) - platform - {"LC_CTYPE"} == expected
    assert environment["FC_FUNCTION_NAME"] == "sample-fn"
    assert environment["FC_VER_ID"] == "LATEST"
    assert environment["TZ"] == "UTC"


def test_the_virtual_environment_cannot_be_imported(deploy: Deploy) -> None:
    code = """
        import importlib.util
        def handler(event, context):
            return [name for name in ("aiohttp", "yaml", "pydantic", "time_machine", "infra", "pip")
                    if importlib.util.find_spec(name)]
    """
    assert deploy(code).returned() == []


def test_pythonpath_below_code_means_the_code_folder(deploy: Deploy) -> None:
    code = """
        import vendored
        def handler(event, context): return [vendored.NAME]
    """
    functions = deploy(code, environment={"PYTHONPATH": "/code/python"})
    assert functions.spec.code_dir is not None
    (functions.spec.code_dir / "python").mkdir()
    (functions.spec.code_dir / "python" / "vendored.py").write_text("NAME = 'vendored'")
    assert functions.returned() == ["vendored"]


@pytest.mark.parametrize(
    ("expression", "payload"),
    [
        ("{'a': 1}", b'{"a": 1}'),
        ("'text'", b"text"),
        ("b'\\x00\\xff'", b"\x00\xff"),
        ("None", b"null"),
    ],
)
def test_a_result_becomes_the_payload(deploy: Deploy, expression: str, payload: bytes) -> None:
    assert deploy(f"def handler(event, context): return {expression}").invoke().payload == payload
