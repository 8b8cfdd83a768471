"""The rules of a function's settings, without a cloud."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.localcloud.fcapi.checks import check_function, check_name
from infra.localcloud.fcapi.errors import FcRefused
from infra.localcloud.fcapi.paths import find_operation

SOUND = {
    "runtime": "python3.10",
    "handler": "index.handler",
    "cpu": 0.35,
    "memorySize": 512,
    "diskSize": 512,
    "timeout": 3,
    "instanceConcurrency": 1,
    "environmentVariables": {},
}


@given(st.integers(1, 320), st.integers(2, 512))
def test_size_is_sound_within_the_ratio_alone(cpu_steps: int, memory_steps: int) -> None:
    cpu, memory_mb = round(cpu_steps * 0.05, 2), memory_steps * 64
    is_within = cpu_steps * 1024 <= memory_mb * 20 <= cpu_steps * 4 * 1024
    assert _is_sound({**SOUND, "cpu": cpu, "memorySize": memory_mb}) is is_within


@pytest.mark.parametrize("value", [None, "x", -1, 0, True, [], {}, 1e9, float("nan")])
@pytest.mark.parametrize("key", sorted(SOUND))
def test_nonsense_is_refused_and_never_a_bug(key: str, value: object) -> None:
    if key == "environmentVariables" and value == {}:
        return
    assert not _is_sound({**SOUND, key: value})


@pytest.mark.parametrize("name", ["a", "_", "a-b_9", "x" * 64])
def test_names_that_are_sound(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", "9", "a b", "ä", "x" * 65, None, 3, "a/../b", "."])
def test_names_that_are_not(name: object) -> None:
    with pytest.raises(FcRefused):
        check_name(name)


@given(st.sampled_from(("GET", "PUT", "POST", "DELETE", "PATCH")), st.text())
def test_any_path_has_an_operation_or_none(method: str, path: str) -> None:
    operation, names = find_operation(method, "/2023-03-30/functions/" + path)
    assert operation == "?" or all(isinstance(name, str) for name in names.values())


def _is_sound(function: dict[str, object]) -> bool:
    try:
        check_function(function)
    except FcRefused:
        return False
    return True
