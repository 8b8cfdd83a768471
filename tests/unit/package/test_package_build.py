"""Building again, zips, the manifest, and the errors that a user can make."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from infra.package import PackagingFailed, build
from infra.package.__main__ import main
from infra.package.targets import resolve
from tests.unit.package.projects import CACHE, MakeProject, write_project


def test_build_again_does_nothing(make_project: MakeProject, tmp_path: Path) -> None:
    root = make_project({"check": ("pydantic",)})
    first = build(out=tmp_path / "out", root=root, cache=CACHE)
    marker = tmp_path / "out" / "functions" / "check" / "marker"
    marker.touch()

    second = build(out=tmp_path / "out", root=root, cache=CACHE)

    assert (first.rebuilt, second.rebuilt) == (("check",), ())
    assert second.functions == first.functions
    assert marker.exists()


@pytest.mark.parametrize("changed", ["functions/check/index.py", "shared/otp/codes.py"])
def test_build_after_a_change_replaces_the_folder(
    make_project: MakeProject, tmp_path: Path, changed: str
) -> None:
    root, out = make_project({"check": ()}), tmp_path / "out"
    build(out=out, root=root, cache=CACHE)
    (out / "functions" / "check" / "leftover").touch()
    (root / changed).write_text("LENGTH = 8\n")

    report = build(out=out, root=root, cache=CACHE)

    assert report.rebuilt == ("check",)
    assert not (out / "functions" / "check" / "leftover").exists()
    assert (out / "functions" / "check" / changed.removeprefix("functions/check/")).read_text() == (
        "LENGTH = 8\n"
    )


def test_build_replaces_only_the_function_that_changed(
    make_project: MakeProject, tmp_path: Path
) -> None:
    root = make_project({"check": (), "send": ()})
    build(out=tmp_path / "out", root=root, cache=CACHE)
    (root / "functions" / "send" / "texts.json").write_text("{}")

    report = build(out=tmp_path / "out", root=root, cache=CACHE)

    assert report.rebuilt == ("send",)
    assert (tmp_path / "out" / "functions" / "send" / "texts.json").exists()


def test_build_for_another_target_replaces_the_folder(
    make_project: MakeProject, tmp_path: Path
) -> None:
    root = make_project({"check": ()})
    build("python3.10", tmp_path / "out", root=root, cache=CACHE)

    assert build("python3.12", tmp_path / "out", root=root, cache=CACHE).rebuilt == ("check",)


def test_build_removes_what_was_made_for_a_function_that_is_gone(
    make_project: MakeProject, tmp_path: Path
) -> None:
    root, out = make_project({"check": (), "send": ()}), tmp_path / "out"
    build(out=out, root=root, cache=CACHE, with_zip=True)
    shutil.rmtree(root / "functions" / "send")

    build(out=out, root=root, cache=CACHE)

    assert [folder.name for folder in (out / "functions").iterdir()] == ["check"]
    assert not (out / "send.zip").exists()


def test_build_drops_the_zip_of_an_older_folder(make_project: MakeProject, tmp_path: Path) -> None:
    root, out = make_project({"check": ()}), tmp_path / "out"
    build(out=out, root=root, cache=CACHE, with_zip=True)
    (root / "shared" / "otp" / "codes.py").write_text("LENGTH = 8\n")

    report = build(out=out, root=root, cache=CACHE)

    assert not (out / "check.zip").exists()
    assert report.functions[0].zip_sha256 is None


def test_build_makes_a_zip_of_a_standing_folder(make_project: MakeProject, tmp_path: Path) -> None:
    root, out = make_project({"check": ()}), tmp_path / "out"
    build(out=out, root=root, cache=CACHE)

    report = build(out=out, root=root, cache=CACHE, with_zip=True)

    assert report.rebuilt == ()
    assert (out / "check.zip").exists()


def test_zips_of_two_builds_are_the_same_to_the_byte(tmp_path: Path) -> None:
    """Different folders and times, and each with an install and bytecode of its own; for 3.10,
    the last version whose bytecode holds sets in the order of their hashes.
    """
    names = {"send": ("tablestore", "pydantic", "alibabacloud-dysmsapi20170525")}
    for place, cache in (("a", CACHE), ("another/place", tmp_path / "cache")):
        root = write_project(tmp_path / place / "project", names)
        build("python3.10", tmp_path / place / "out", root=root, cache=cache, with_zip=True)

    first = tmp_path / "a" / "out"
    second = tmp_path / "another" / "place" / "out"
    assert (first / "send.zip").read_bytes() == (second / "send.zip").read_bytes()
    assert (first / "manifest.json").read_bytes() == (second / "manifest.json").read_bytes()


def test_zip_entries_are_sorted_and_carry_no_time_or_owner(
    make_project: MakeProject, tmp_path: Path
) -> None:
    root, out = make_project({"check": ()}), tmp_path / "out"
    build(out=out, root=root, cache=CACHE, with_zip=True)

    with zipfile.ZipFile(out / "check.zip") as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr for entry in entries} == {0o100644 << 16}


def test_manifest_tells_versions_licences_and_sums(
    make_project: MakeProject, tmp_path: Path
) -> None:
    root, out = make_project({"check": ("tablestore",)}), tmp_path / "out"
    build("python3.10", out, root=root, cache=CACHE, with_zip=True)

    manifest = json.loads((out / "manifest.json").read_text())
    function = manifest["functions"]["check"]
    archive = (out / "check.zip").read_bytes()
    assert (manifest["target"], manifest["python"]) == ("python3.10", "3.10")
    [tablestore] = [d for d in function["distributions"] if d["name"] == "tablestore"]
    assert (tablestore["version"], tablestore["licence"]) == ("6.4.8", "Apache-2.0")
    assert function["left_out"] == ["aiohttp", "future", "numpy"]
    assert function["zip_sha256"] == hashlib.sha256(archive).hexdigest()
    assert function["zipped_bytes"] == len(archive) < function["unpacked_bytes"]
    assert function["module_count"] > 100


def test_build_of_named_functions_leaves_the_others(
    make_project: MakeProject, tmp_path: Path
) -> None:
    root, out = make_project({"check": (), "send": ()}), tmp_path / "out"
    build(out=out, root=root, cache=CACHE)

    report = build(out=out, root=root, cache=CACHE, functions=["check"])

    assert [built.name for built in report.functions] == ["check"]
    assert (out / "functions" / "send").is_dir()


def test_build_without_the_targets_interpreter_ships_no_bytecode_and_says_so(
    make_project: MakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    target = "python3.12" if _running("3.10") else "python3.10"

    report = build(
        target,
        tmp_path / "out",
        root=make_project({"check": ("pydantic",)}),
        cache=tmp_path / "cache",
    )

    assert list((tmp_path / "out" / "functions").rglob("*.pyc")) == []
    assert "!! check: NO BYTECODE" in report.table()


def test_build_fails_for_a_name_that_is_not_locked(
    make_project: MakeProject, tmp_path: Path
) -> None:
    root = make_project({"check": ("leftpad",)})

    with pytest.raises(PackagingFailed, match=r"leftpad, which requirements\.in names, is not in"):
        build(out=tmp_path / "out", root=root, cache=CACHE)


def test_build_fails_for_a_function_that_does_not_exist(
    make_project: MakeProject, tmp_path: Path
) -> None:
    with pytest.raises(PackagingFailed, match=r"no index\.py in .*/functions/chekc"):
        build(out=tmp_path / "out", root=make_project({"check": ()}), functions=["chekc"])


def test_build_fails_for_a_file_that_would_hide_the_product(
    make_project: MakeProject, tmp_path: Path
) -> None:
    root = make_project({"check": ()})
    (root / "functions" / "check" / "shared").mkdir()

    with pytest.raises(PackagingFailed, match="would hide the packaged shared/"):
        build(out=tmp_path / "out", root=root, cache=CACHE)


def test_build_fails_for_a_module_that_does_not_compile(
    make_project: MakeProject, tmp_path: Path
) -> None:
    root = make_project({"check": ()})
    build(out=tmp_path / "out", root=root, cache=CACHE)
    (root / "functions" / "check" / "index.py").write_text("def handler(:\n")

    with pytest.raises(PackagingFailed, match=r"does not compile: .*index\.py"):
        build(out=tmp_path / "out", root=root, cache=CACHE)
    assert (tmp_path / "out" / "functions" / "check" / "index.py").read_text().startswith("def h")


def test_build_without_a_network_fails_with_one_line(
    make_project: MakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cold"))

    with pytest.raises(PackagingFailed, match="cannot install .* for here: ") as failure:
        build(out=tmp_path / "out", root=make_project({"check": ()}))
    assert "\n" not in str(failure.value)


def test_command_line_prints_one_line_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--out", str(tmp_path / "out"), "no_such_function"])

    captured = capsys.readouterr()
    assert status == 1
    assert captured.err.startswith("package: no index.py in ")
    assert captured.err.count("\n") == 1


def _running(python: str) -> bool:
    return resolve("here").python == python
