"""Small declarations and tables that tests build on."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from model.dataset import Dataset
from model.registries import Registries, load_registries

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def real_files(folder: str = "") -> Path:
    """Return a folder of the real files.

    Where they are absent the test is skipped with the reason, in CI it fails.
    """
    found = SHARED / folder
    if not found.is_dir():
        reason = f"the real files are not at {found}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@cache
def registries() -> Registries:
    """Return the project's registries."""
    return load_registries()


def dataset(**changes: Any) -> Dataset:
    """Return a small dataset; `changes` replace fields of its declaration."""
    declaration: dict[str, Any] = {
        "sector": "tourism",
        "name": "hotel_rooms",
        "title": {"vi": "Phòng khách sạn", "en": "Hotel rooms"},
        "description": {"vi": "Mỗi dòng một năm", "en": "One row a year"},
        "publisher": "da_nang_city",
        "licence": "DA-NANG-OPEN",
        "keywords": {"vi": ["khách sạn"], "en": ["hotels"]},
        "frequency": "A",
        "geography": {
            "codelist": "vn_province_2008", "coverage": {"vi": "Đà Nẵng", "en": "Da Nang"},
        },
        "indicators": {
            "ROOMS": {
                "name": {"vi": "Số phòng", "en": "Rooms"}, "unit": "count", "decimals": 0,
                "minimum": 0,
            },
        },
        "sources": {
            "sample": {
                "protocol": "files",
                "options": {"files": ["rooms.csv"]},
                "columns": {
                    "indicator": {"const": "ROOMS"},
                    "ref_area": "area",
                    "time_period": "year",
                    "obs_value": {"column": "value", "locale": "plain"},
                },
            },
        },
    }
    return Dataset.model_validate({**declaration, **changes})


def batch(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    """Return rows as a reader gives them: text, with their position."""
    names = list(rows[0])
    columns = {name: pa.array([row[name] for row in rows]) for name in names}
    columns["_part"] = pa.array(["rooms.csv"] * len(rows))
    columns["_row"] = pa.array(range(2, len(rows) + 2), pa.int64())
    return pa.record_batch(columns)
