"""The observations as CSV; how it is written is told in csv_text.py."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from model.declarations.dataset import Dataset
from model.records.release import FileRecord
from model.util.text import Bilingual
from portal.content import Content
from portal.distributions.csv_text import write_csv

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


def write(content: Content, path: Path, others: Sequence[FileRecord]) -> None:
    """Write every observation, columns in the dataset's order."""
    write_csv(path, content.columns_of("data.parquet"), content.rows())
