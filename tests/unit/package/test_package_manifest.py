"""Manifests, bills of materials, licences, binaries and sizes of the functions of this project."""

from __future__ import annotations

import json
import os
import platform
import struct
from pathlib import Path
from typing import Any

import pytest

from infra.package import Report, build
from infra.package.build import PROJECT
from infra.package.licences import is_strong_copyleft, spdx_identifier
from tests.unit.package.projects import CACHE, Packaged, write_project

ZIP_LIMIT_BYTES = 10_000_000
ELF_MACHINES = {"x86_64": 62, "aarch64": 183}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    """All functions of the project, zipped for the runtime that s.yaml names by default."""
    out = tmp_path_factory.mktemp("product")
    return out, build("python3.10", out, cache=CACHE, with_zip=True)


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def test_product_zips_hold_ten_megabytes_at_most(product: tuple[Path, Report]) -> None:
    out, report = product

    sizes = {built.name: (out / f"{built.name}.zip").stat().st_size for built in report.functions}
    assert {"request_otp", "verify_otp", "dispatch_notification"} <= sizes.keys()
    assert {name: size for name, size in sizes.items() if size > ZIP_LIMIT_BYTES} == {}


def test_the_console_s_files_and_libraries_are_where_its_pages_are(
    product: tuple[Path, Report],
) -> None:
    out, report = product
    shipped = {
        built.name: {each.name for each in built.distributions} for built in report.functions
    }

    assert {name for name, names in shipped.items() if "pygal" in names} == {"show_console"}
    assert {name for name, names in shipped.items() if "jinja2" in names} == {
        "show_console",
        "redrive_letter",  # shows what went wrong as a page
    }
    source = PROJECT / "shared"
    data = {
        file.relative_to(source)
        for file in source.rglob("*")
        if file.suffix in (".html", ".css", ".js", ".svg", ".json")
    }
    assert {"console/templates", "console/static", "console/words"} <= {
        file.parent.as_posix() for file in data
    }
    packaged = out / "functions" / "show_console" / "shared"
    assert [file for file in data if not (packaged / file).is_file()] == []


def test_product_licences_are_known_and_none_is_strong_copyleft(
    product: tuple[Path, Report],
) -> None:
    shipped = {each for built in product[1].functions for each in built.distributions}

    assert [each for each in shipped if spdx_identifier(each.licence) is None] == []
    assert [each for each in shipped if is_strong_copyleft(each.licence)] == []


@pytest.mark.parametrize(
    ("licence", "expected"),
    [("GPL-3.0-only", True), ("AGPL-3.0", True), ("LGPL-2.1-or-later", False), ("MIT", False)],
)
def test_strong_copyleft_is_told_from_weak(licence: str, expected: bool) -> None:
    assert is_strong_copyleft(licence) is expected


def test_product_ships_no_numpy(product: tuple[Path, Report]) -> None:
    out, report = product

    shipped = {each.name for built in report.functions for each in built.distributions}
    assert "numpy" not in shipped
    assert list((out / "functions").glob("*/python/numpy*")) == []


def test_packaged_binaries_are_of_the_targets_machine(packaged: Packaged) -> None:
    machine = platform.machine() if packaged.target == "here" else "x86_64"
    binaries = list(packaged.folder("send").rglob("*.so"))

    assert binaries
    for binary in binaries:
        # e_machine, the 16-bit field behind e_ident and e_type (System V ABI, ELF header)
        assert struct.unpack_from("<H", binary.read_bytes(), 18) == (ELF_MACHINES[machine],), binary


def test_manifest_of_a_function_tells_what_it_is_made_for(product: tuple[Path, Report]) -> None:
    out, report = product

    manifest = read(out / "verify_otp.manifest.json")
    folder = out / "functions" / "verify_otp"
    assert manifest["target"] == "python3.10"
    assert (manifest["python"], manifest["platform"]) == ("3.10", "x86_64-manylinux_2_28")
    assert manifest["file_count"] == sum(path.is_file() for path in folder.rglob("*"))
    assert manifest["zipped_bytes"] == (out / "verify_otp.zip").stat().st_size
    assert read(out / "manifest.json")["functions"].keys() == {b.name for b in report.functions}


def test_sbom_names_each_distribution_with_its_licence(product: tuple[Path, Report]) -> None:
    out, report = product
    [verify] = [built for built in report.functions if built.name == "verify_otp"]

    bill = read(out / "verify_otp.cdx.json")
    listed = {each["purl"]: each for each in bill["components"]}
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert listed.keys() == {f"pkg:pypi/{d.name}@{d.version}" for d in verify.distributions}
    tablestore = listed["pkg:pypi/tablestore@6.4.8"]
    assert tablestore["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert "tablestore/client.py" in tablestore["pedigree"]["notes"]
    assert sorted(bill["dependencies"][0]["dependsOn"]) == sorted(listed)
    assert "serialNumber" not in bill
    assert "timestamp" not in bill["metadata"]


def test_sbom_of_all_functions_holds_each_distribution_once(product: tuple[Path, Report]) -> None:
    out, report = product

    purls = [each["purl"] for each in read(out / "sesame.cdx.json")["components"]]
    shipped = {d.name for built in report.functions for d in built.distributions}
    assert len(purls) == len(set(purls)) == len(shipped)


def test_builds_are_the_same_to_the_byte_under_any_umask_and_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"check": ("tablestore", "pydantic")}
    made: list[dict[str, bytes]] = []
    for place, umask, epoch in (("a", 0o022, "0"), ("another/place", 0o077, "1700000000")):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
        before = os.umask(umask)
        try:
            root = write_project(tmp_path / place / "project", names)
            out = tmp_path / place / "out"
            build("python3.10", out, root=root, cache=tmp_path / place / "cache", with_zip=True)
        finally:
            os.umask(before)
        made.append({path.name: path.read_bytes() for path in out.glob("*.*") if path.is_file()})

    assert made[0].keys() >= {
        "check.zip",
        "check.cdx.json",
        "check.manifest.json",
        "sesame.cdx.json",
    }
    assert made[0] == made[1]
