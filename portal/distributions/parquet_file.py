"""The observations as Parquet: the release's own file, byte for byte."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from model.declarations.dataset import Dataset
from model.records.release import FileRecord
from model.util.text import Bilingual
from portal.content import Content

title = Bilingual(vi="Parquet", en="Parquet")
purpose = Bilingual(
    vi="Cho kỹ sư dữ liệu: DuckDB, pandas, Spark; nhỏ và có kiểu dữ liệu.",
    en="For data engineers: DuckDB, pandas, Spark; small and typed.",
)
media_type = "application/vnd.apache.parquet"
file_type = "PARQUET"


def file_name(dataset: Dataset) -> str:
    """Return the name of the file."""
    return f"{dataset.name}.parquet"


def write(content: Content, path: Path, others: Sequence[FileRecord]) -> None:
    """Copy the release's data.parquet."""
    shutil.copyfile(content.files.path("data.parquet"), path)
