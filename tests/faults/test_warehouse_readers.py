"""Readers of the warehouse while releases land: none fails, none sees half."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.warehouse_readers import read_while_releases_land
from warehouse.store import packing


def test_readers_see_whole_releases_while_new_ones_land(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "WORTH", 1)
    seen = read_while_releases_land(tmp_path, readers=8, count=3)
    assert len(seen) == 8 and all(reads >= 1 and last == 7 for reads, last in seen)
