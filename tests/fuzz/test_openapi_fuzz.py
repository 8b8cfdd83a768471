"""What schemathesis makes of openapi.json, fitting and unfitting, at the gateway of a local cloud:
a documented answer to each, never a 500, and no message to anyone who was not answered 202.

Derandomized. `SESAME_FUZZ_EXAMPLES=500 pytest tests/fuzz` takes more of them.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from infra.background_cloud import BackgroundCloud
from infra.project import ROOT

EXAMPLES = int(os.environ.get("SESAME_FUZZ_EXAMPLES", "15"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
SENDING = ("/v1/otp", "/v1/notifications")
schema = schemathesis.openapi.from_path(ROOT / "functions" / "describe_api" / "openapi.json")


@pytest.fixture(scope="module")
def answers(cloud: BackgroundCloud) -> Iterator[Counter[tuple[str, int]]]:
    """How often each route answered what; in the end, that nothing went out beside it."""
    counted: Counter[tuple[str, int]] = Counter()
    yield counted
    taken = sum(counted[path, 202] for path in SENDING)
    assert len(cloud.control("GET", "/inbox")) <= taken
    assert counted["/v1/otp", 400] > 0
    assert not [key for key in counted if key[1] >= 500]
    failed = [each for each in cloud.control("GET", "/invocations") if each["outcome"] != "ok"]
    assert failed == []


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_everything_generated_gets_a_documented_answer(
    case: Case, cloud: BackgroundCloud, answers: Counter[tuple[str, int]]
) -> None:
    headers = {"Authorization": f"Bearer {cloud.ready['api_key']}"}
    response = case.call(base_url=cloud.ready["gateway"], headers=headers, timeout=30)
    answers[case.path, response.status_code] += 1

    if case.method == case.operation.method.upper():
        case.validate_response(response, checks=CHECKS)
    else:
        assert response.status_code == 405
    if response.status_code >= 400:
        problem = json.loads(response.content)
        assert problem["status"] == response.status_code
        assert problem["code"]
