"""The libraries of the pages stand in the site, whole, once, and in one version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model.errors import PortalError
from model.util.hashing import sha256_file
from portal import libraries
from portal.site.explorer.pages import LIBRARIES
from tests.fixtures.commands import PROJECT


def test_a_site_has_every_file_and_gets_back_what_is_missing(tmp_path: Path) -> None:
    assert not libraries.placed(tmp_path)
    libraries.place(tmp_path)
    assert libraries.placed(tmp_path)
    for file in LIBRARIES.values():
        path = tmp_path / libraries.address(file)
        fetched = libraries.FOLDER / path.relative_to(tmp_path / libraries.PLACE)
        assert sha256_file(path) == sha256_file(fetched)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    libraries.place(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    (tmp_path / libraries.address("d3/dist/d3.min.js")).unlink()
    old = tmp_path / libraries.PLACE / "d3-1.0.0"
    old.mkdir()
    assert not libraries.placed(tmp_path)
    libraries.place(tmp_path)
    assert libraries.placed(tmp_path) and not old.exists()


def test_a_damaged_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "checksums", lambda: {"d3-7.9.2/dist/d3.min.js": "0" * 64})
    with pytest.raises(PortalError, match="damaged"):
        libraries.place(tmp_path)


def test_the_lock_file_names_no_registry_and_pins_everything() -> None:
    folder = PROJECT / "portal" / "libraries"
    package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    assert set(package["openindicators"]) == set(package["dependencies"])
    assert all(version[0].isdigit() for version in package["dependencies"].values())
    entries = [entry for path, entry in lock["packages"].items() if path]
    assert all("integrity" in entry and "resolved" not in entry for entry in entries)
