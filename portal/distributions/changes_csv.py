"""What changed since the release before, as CSV: one row for each observation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model.declarations.dataset import Dataset
from model.util.text import Bilingual
from portal.content import Content
from portal.distributions.base import WrittenFile
from portal.distributions.csv_text import write_csv
from portal.metadata.data_package import csv_properties, table_schema

title = Bilingual(vi="Thay đổi (CSV)", en="Changes (CSV)")
purpose = Bilingual(
    vi="Số liệu mới, được sửa và bị rút so với bản phát hành trước.",
    en="Figures that are new, revised or withdrawn since the release before.",
)
media_type = "text/csv"
file_type = "CSV"


def file_name(dataset: Dataset) -> str:
    """Return the name of the file."""
    return f"{dataset.name}-changes.csv"


def package_properties(content: Content) -> dict[str, Any]:
    """Return the schema of the changes, in this project's CSV dialect."""
    return csv_properties(table_schema(content, content.columns_of("changes.parquet")))


def write(content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
    """Write the changes with the old and the new figure."""
    write_csv(path, content.columns_of("changes.parquet"), content.changes())
