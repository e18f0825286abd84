"""The observations as CSV; csv_text.py describes the dialect."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model.declarations.dataset import Dataset
from model.util.text import Bilingual
from portal.content import Content
from portal.distributions.base import WrittenFile
from portal.distributions.csv_text import write_csv
from portal.metadata.data_package import csv_properties, observation_schema

title = Bilingual(vi="CSV", en="CSV")
purpose = Bilingual(
    vi="Cho phần mềm phân tích: mã là văn bản, số viết đầy đủ, UTF-8 không BOM.",
    en="For analysis software: codes as text, figures in full, UTF-8 without a BOM.",
)
media_type = "text/csv"
file_type = "CSV"


def file_name(dataset: Dataset) -> str:
    """Return the name of the file."""
    return f"{dataset.name}.csv"


def package_properties(content: Content) -> dict[str, Any]:
    """Return the schema of the observations, in this project's CSV dialect."""
    return csv_properties(observation_schema(content))


def write(content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
    """Write every observation, columns in the dataset's order."""
    write_csv(path, content.published_columns, content.rows())
