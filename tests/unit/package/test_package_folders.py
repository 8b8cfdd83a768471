"""What is in a packaged folder, for every target."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from infra.package.bytecode import find_interpreter
from tests.unit.package.projects import FUNCTIONS, Packaged

NEVER_SHIPPED = ("numpy", "future", "boto3", "cffi", "yarl", "multidict", "tzlocal", "attrs")
UNCHECKED_HASH = 0b01


@pytest.mark.parametrize("distribution", NEVER_SHIPPED)
def test_packaged_folders_hold_no_excluded_distribution(
    packaged: Packaged, distribution: str
) -> None:
    for function in FUNCTIONS:
        shipped = {path.name for path in (packaged.folder(function) / "python").glob("*")}
        assert not any(name.startswith(distribution) for name in shipped)


@pytest.mark.parametrize("package", ["aiohttp", "cryptography", "apscheduler", "websocket"])
def test_packaged_folders_hold_placeholders_of_a_few_bytes(
    packaged: Packaged, package: str
) -> None:
    sources = (packaged.folder("send") / "python" / package).rglob("*.py")

    assert 0 < sum(source.stat().st_size for source in sources) < 2500


def test_packaged_folder_without_requirements_ships_no_third_party(packaged: Packaged) -> None:
    assert list((packaged.folder("describe") / "python").iterdir()) == []


def test_packaged_folders_hold_the_function_and_the_product(packaged: Packaged) -> None:
    folder = packaged.folder("check")

    places = {p.relative_to(folder).as_posix() for p in folder.rglob("*.py")}
    own = {place for place in places if not place.startswith("python/")}
    assert own == {
        "index.py",
        "shared/__init__.py",
        "shared/otp/__init__.py",
        "shared/otp/codes.py",
    }
    assert not (folder / "requirements.in").exists()


def test_packaged_folders_hold_no_foreign_binaries(packaged: Packaged) -> None:
    tag = "cpython-" + packaged.report.python.replace(".", "")
    for binary in packaged.folder("send").rglob("*.so"):
        assert tag in binary.name or binary.name.endswith((".abi3.so", "native_plainbuffer.so"))
        assert binary.read_bytes()[:4] == b"\x7fELF"


def test_packaged_folders_stay_small(packaged: Packaged) -> None:
    sizes = {built.name: built.unpacked_bytes for built in packaged.report.functions}

    assert sizes["send"] < 30_000_000
    assert sizes["check"] < 20_000_000
    assert sizes["describe"] < 10_000


def test_packaged_licences_travel_with_their_distribution(packaged: Packaged) -> None:
    [licence] = (packaged.folder("send") / "python").glob("requests-*.dist-info/**/LICENSE")

    assert "Apache License" in licence.read_text()


def test_packaged_modules_are_all_compiled_for_the_target_and_never_checked(
    packaged: Packaged,
) -> None:
    interpreter = find_interpreter(packaged.report.python)
    if interpreter is None:
        pytest.skip(f"no python{packaged.report.python} here")
    tag = "cpython-" + packaged.report.python.replace(".", "")
    folder = packaged.folder("send")

    compiled = set(folder.rglob("*.pyc"))
    assert compiled == {_bytecode_of(source, tag) for source in folder.rglob("*.py")}
    assert {_flags(path) for path in compiled} == {UNCHECKED_HASH}


def test_packaged_bytecode_is_what_the_targets_interpreter_would_load(packaged: Packaged) -> None:
    interpreter = find_interpreter(packaged.report.python)
    if interpreter is None:
        pytest.skip(f"no python{packaged.report.python} here")
    question = "import importlib.util; print(importlib.util.MAGIC_NUMBER.hex())"
    answer = subprocess.run([interpreter, "-c", question], capture_output=True, check=True).stdout

    compiled = packaged.folder("send").rglob("*.pyc")
    assert {path.read_bytes()[:4].hex() for path in compiled} == {answer.decode().strip()}


def _bytecode_of(source: Path, tag: str) -> Path:
    return source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"


def _flags(compiled: Path) -> int:
    (flags,) = struct.unpack("<L", compiled.read_bytes()[4:8])
    return int(flags)
