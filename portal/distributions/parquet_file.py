"""The observations as Parquet."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from model.declarations.dataset import Dataset
from model.util.text import Bilingual
from portal.content import Content
from portal.distributions.base import WrittenFile
from portal.metadata.data_package import observation_schema

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


def package_properties(content: Content) -> dict[str, Any]:
    """Return the schema; as a table, frictionless cannot compare its `bytes`."""
    return {"type": "file", "schema": observation_schema(content)}


def write(content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
    """Copy the release's data.parquet, without columns that are not published."""
    source = content.files.path("data.parquet")
    if content.columns_of("data.parquet") == list(content.published_columns):
        shutil.copyfile(source, path)
        return
    table = pq.read_table(source, columns=list(content.published_columns))
    # Version 2.4 of the format: Spark 4.0 refuses newer ones.
    pq.write_table(table, path, compression="zstd", version="2.4")
