"""The formats, in the order in which they are written and offered."""

from __future__ import annotations

from pathlib import Path

from model.declarations.dataset import Dataset
from model.records.release import FileRecord
from model.util.hashing import sha256_file
from portal.content import Content
from portal.distributions import (
    changes_csv,
    csv_table,
    data_dictionary,
    json_records,
    parquet_file,
    quality_json,
    quality_page,
    xlsx_workbook,
)
from portal.distributions.base import Distribution
from portal.metadata import data_package

# The Data Package describes the others, so it comes last.
DISTRIBUTIONS: tuple[Distribution, ...] = (
    csv_table, xlsx_workbook, json_records, parquet_file, data_dictionary, changes_csv,
    quality_json, quality_page, data_package,
)


def write_all(content: Content, folder: Path) -> tuple[FileRecord, ...]:
    """Write every distribution of a release into a folder; returns their checksums.

    Raises:
        PortalError: the release holds what no open format can carry.
        OSError: the folder cannot be written.
    """
    written: list[FileRecord] = []
    for distribution in DISTRIBUTIONS:
        path = folder / distribution.file_name(content.dataset)
        distribution.write(content, path, written)
        written.append(
            FileRecord(name=path.name, sha256=sha256_file(path), bytes=path.stat().st_size)
        )
    return tuple(written)


def distribution_of(file_name: str, dataset: Dataset) -> Distribution | None:
    """Return the format that a file of a dataset is in."""
    return next((d for d in DISTRIBUTIONS if d.file_name(dataset) == file_name), None)
