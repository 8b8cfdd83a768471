"""What packaging changes in third-party sources, and for which versions that was confirmed."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.package.build import PROJECT
from infra.package.closure import read_installed
from infra.package.editing import NOTICE, edit_sources, make_lazy
from infra.package.edits import EDITED_FILES
from infra.package.locked import read_lock
from infra.package.model import PackagingFailed
from infra.package.slimming import CONFIRMED, DROPPED_FILES
from tests.unit.package.projects import CACHE, Packaged

LOCK = PROJECT / "infra" / "requirements" / "functions.txt"


def locked_versions() -> dict[str, str]:
    entries = read_lock(LOCK).entries
    return {name: text.partition("==")[2].split()[0] for name, text in entries.items()}


def test_slimming_is_confirmed_for_the_locked_versions() -> None:
    """A new version of one of these: read slimming.py and edits.py again, then write it there."""
    locked = locked_versions()

    assert dict(CONFIRMED) == {name: locked[name] for name in CONFIRMED}


def test_slimming_touches_only_confirmed_distributions(packaged: Packaged) -> None:
    [site] = CACHE.glob(f"{packaged.target}-*/site")
    owners = {
        file.as_posix(): name
        for name, distribution in read_installed(site).items()
        for file in distribution.files or []
    }

    touched = {owners[file] for file in EDITED_FILES | DROPPED_FILES}
    assert touched <= CONFIRMED.keys()


def test_packaged_edited_files_say_so(packaged: Packaged) -> None:
    third_party = packaged.folder("send") / "python"

    present = [file for file in EDITED_FILES if (third_party / file).exists()]
    assert len(present) > 10
    for file in present:
        assert NOTICE in (third_party / file).read_text().splitlines(keepends=True)[:2]


def test_make_lazy_finds_names_when_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "lazy_package"
    package.mkdir()
    source = (
        '"""Names."""\nfrom ._one import One\nfrom .two import (\n    Two,\n)\n__all__ = [One]\n'
    )
    (package / "__init__.py").write_text(make_lazy(source, file="x"))
    (package / "_one.py").write_text("class One: pass\n")
    (package / "two.py").write_text("class Two: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    import lazy_package  # type: ignore[import-not-found]  # made above

    assert "One" not in vars(lazy_package)
    assert lazy_package.One.__module__ == "lazy_package._one"
    assert lazy_package.two.Two is lazy_package.Two
    with pytest.raises(AttributeError, match="Three"):
        _ = lazy_package.Three


@pytest.mark.parametrize(
    "source",
    ["from .a import *\n", "from .a import A as B\n", "from .a import A\nA()\n", "import os\n"],
)
def test_make_lazy_refuses_a_package_that_does_more(source: str) -> None:
    with pytest.raises(PackagingFailed, match="cannot be made lazy"):
        make_lazy(source, file="package/__init__.py")


def test_edit_sources_fails_for_a_source_that_it_does_not_know(tmp_path: Path) -> None:
    loader = tmp_path / "pydantic" / "plugin" / "_loader.py"
    loader.parent.mkdir(parents=True)
    loader.write_text("from importlib import metadata\n")

    with pytest.raises(PackagingFailed, match=r"_loader\.py is not as edits\.py knows it"):
        edit_sources(tmp_path)
