"""Locks, names, closures, files and interpreters: what packaging decides without installing."""

from __future__ import annotations

import stat
from pathlib import Path, PurePosixPath

import pytest

from infra.package.bytecode import find_interpreter
from infra.package.closure import close, describe, read_installed
from infra.package.locked import Lock, read_lock, read_names
from infra.package.model import PackagingFailed
from infra.package.slimming import ships
from infra.package.targets import resolve

LINUX_310 = (".cpython-310-x86_64-linux-gnu.so", ".abi3.so", ".so")


def install(site: Path, name: str, *metadata: str) -> None:
    folder = site / f"{name}-1.0.dist-info"
    folder.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *metadata]
    (folder / "METADATA").write_text("\n".join(lines) + "\n")


def lock_of(*names: str) -> Lock:
    return Lock(path=Path("functions.txt"), entries={name: f"{name}==1.0\n" for name in names})


def close_in(site: Path, *names: str, lock: Lock, target: str = "python3.10") -> list[str]:
    closure = close(names, installed=read_installed(site), lock=lock, target=resolve(target))
    return list(closure.shipped)


def test_closure_follows_requirements_and_spells_names_one_way(tmp_path: Path) -> None:
    install(tmp_path, "app", "Requires-Dist: Typing_Extensions (>=4)")
    install(tmp_path, "typing_extensions", "Requires-Dist: base")
    install(tmp_path, "base", "Requires-Dist: app")

    lock = lock_of("app", "typing-extensions", "base")
    assert close_in(tmp_path, "app", lock=lock) == ["app", "base", "typing-extensions"]


@pytest.mark.parametrize(
    ("target", "expected"), [("python3.10", ["app", "old"]), ("python3.12", ["app"])]
)
def test_closure_evaluates_markers_for_the_target(
    tmp_path: Path, target: str, expected: list[str]
) -> None:
    install(
        tmp_path,
        "app",
        'Requires-Dist: old; python_version < "3.11"',
        'Requires-Dist: win; sys_platform == "win32"',
        'Requires-Dist: extra; extra == "speed"',
    )
    install(tmp_path, "old")

    assert close_in(tmp_path, "app", lock=lock_of("app", "old"), target=target) == expected


def test_closure_does_not_go_through_an_excluded_distribution(tmp_path: Path) -> None:
    install(tmp_path, "app", "Requires-Dist: aiohttp")
    install(tmp_path, "aiohttp", "Requires-Dist: yarl")
    install(tmp_path, "yarl")

    closure = close(
        ("app",),
        installed=read_installed(tmp_path),
        lock=lock_of("app", "aiohttp", "yarl"),
        target=resolve("here"),
    )

    assert list(closure.shipped) == ["app"]
    assert closure.left_out == ("aiohttp",)


def test_closure_refuses_an_excluded_name(tmp_path: Path) -> None:
    with pytest.raises(PackagingFailed, match="numpy is named, but never shipped"):
        close_in(tmp_path, "numpy", lock=lock_of("numpy"))


def test_closure_names_who_needs_what_is_not_locked(tmp_path: Path) -> None:
    install(tmp_path, "app", "Requires-Dist: base")
    install(tmp_path, "base")

    with pytest.raises(PackagingFailed, match="base, which app names, is not in the lock"):
        close_in(tmp_path, "app", lock=lock_of("app"))


def test_closure_tells_what_is_locked_for_other_targets_only(tmp_path: Path) -> None:
    with pytest.raises(PackagingFailed, match=r"locked but not for python3\.10"):
        close_in(tmp_path, "winonly", lock=lock_of("winonly"))


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (("License-Expression: MIT",), "MIT"),
        (("License: BSD", "Classifier: License :: OSI Approved :: MIT License"), "BSD"),
        (("Classifier: License :: OSI Approved :: MIT License",), "MIT License"),
        (("License: Long\n  text\n  of it", "Classifier: License :: X :: BSD"), "BSD"),
        ((), "unknown"),
    ],
)
def test_licence_is_the_most_exact_line_of_the_metadata(
    tmp_path: Path, metadata: tuple[str, ...], expected: str
) -> None:
    install(tmp_path, "app", *metadata)

    assert describe(read_installed(tmp_path)["app"]).licence == expected


def test_lock_keeps_every_marker_of_a_name_and_leaves_out_the_excluded(tmp_path: Path) -> None:
    path = tmp_path / "functions.txt"
    path.write_text(
        "# made by a tool\n"
        "numpy==1 ; python_version < '3.11' \\\n    --hash=sha256:aa\n    # via app\n"
        "Six==1 ; python_version < '3.11' \\\n    --hash=sha256:bb\n"
        "six==2 ; python_version >= '3.11' \\\n    --hash=sha256:cc\n"
    )

    lock = read_lock(path)

    assert set(lock.entries) == {"numpy", "six"}
    assert lock.text_without({"numpy"}).splitlines() == path.read_text().splitlines()[4:]


def test_lock_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(PackagingFailed, match=r"there is no lock at .*functions\.txt"):
        read_lock(tmp_path / "functions.txt")


def test_names_are_read_without_comments_in_one_spelling(tmp_path: Path) -> None:
    path = tmp_path / "requirements.in"
    path.write_text("# what index.py imports\n\nTableStore  # rows\nalibabacloud_credentials\n")

    assert read_names(path) == ("tablestore", "alibabacloud-credentials")


@pytest.mark.parametrize(
    "line", ["six==1.0", "six>=1", "-r other.in", "six[extra]", "./six", "a b"]
)
def test_names_refuse_anything_but_a_bare_name(tmp_path: Path, line: str) -> None:
    path = tmp_path / "requirements.in"
    path.write_text(f"tablestore\n{line}\n")

    with pytest.raises(PackagingFailed, match=r"requirements\.in:2: .* is not a bare"):
        read_names(path)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("tablestore/client.py", True),
        ("six.py", True),
        ("certifi/cacert.pem", True),
        ("crc32c/_crc32c.cpython-310-x86_64-linux-gnu.so", True),
        ("google/_upb/_message.abi3.so", True),
        ("tablestore/native/native_plainbuffer.so", True),
        ("requests-2.0.dist-info/METADATA", True),
        ("requests-2.0.dist-info/licenses/LICENSE", True),
        ("requests-2.0.dist-info/RECORD", False),
        ("tablestore/native/native_plainbuffer.cpython-313-darwin.so", False),
        ("crc32c/_crc32c.cpython-312-x86_64-linux-gnu.so", False),
        ("tablestore/ots_sdk/ots_sdk.so", False),
        ("tablestore/native/native_plainbuffer.c", False),
        ("phonenumbers/util.pyi", False),
        ("phonenumbers/data/region_CN.py", True),
        ("phonenumbers/shortdata/region_CN.py", False),
        ("pydantic/v1/main.py", False),
        ("pydantic/v1x.py", True),
        ("cffi/api.py", False),
        ("certifi/tests/test_certifi.py", False),
        ("tests/test_all.py", False),
        ("bin/normalizer", False),
        ("../../bin/normalizer", False),
        ("hook.pth", False),
    ],
)
def test_files_ship_if_the_target_can_use_them(place: str, expected: bool) -> None:
    assert ships(PurePosixPath(place), LINUX_310) is expected


def test_interpreter_behind_a_shim_that_refuses_is_found(tmp_path: Path) -> None:
    real = _script(
        tmp_path / "versions" / "3.99.1" / "bin" / "python3.99",
        f"echo CPython 3 99; echo {tmp_path}/versions/3.99.1/bin/python3.99",
    )
    _script(tmp_path / "shims" / "python3.99", "echo not selected >&2; exit 127")

    assert find_interpreter("3.99", search_path=str(tmp_path / "shims")) == str(real)


@pytest.mark.parametrize("answer", ["CPython 3 98", "PyPy 3 99"])
def test_interpreter_of_another_kind_is_not_taken(tmp_path: Path, answer: str) -> None:
    _script(tmp_path / "python3.99", f"echo {answer}; echo /usr/bin/python")

    assert find_interpreter("3.99", search_path=str(tmp_path)) is None


def _script(path: Path, line: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path
