"""The distributions, in the order in which they are written and offered."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from model.declarations.dataset import Dataset
from model.records.release import FileRecord
from model.util.hashing import pretty_json, sha256_once
from portal.content import ROW_GROUP, Content
from portal.distributions.base import Distribution, WrittenFile
from portal.distributions.csv_files import changes_csv, csv_table
from portal.distributions.csvw import csvw_json
from portal.distributions.data_dictionary import data_dictionary
from portal.distributions.exchange.json_stat import json_stat
from portal.distributions.exchange.sdmx import sdmx_csv, sdmx_structure
from portal.distributions.json_records import json_records
from portal.distributions.parquet_file import parquet_file
from portal.distributions.quality_report import quality_json, quality_page
from portal.distributions.xlsx_workbook import xlsx_workbook
from portal.metadata.data_package import descriptor


def _write_descriptor(content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
    files = ((record, form.media_type, form.package_properties(content)) for record, form in others)
    path.write_text(pretty_json(descriptor(content, files)), encoding="utf-8", newline="\n")


DESCRIBING = 2  # so many describe those before them: they come last
DISTRIBUTIONS: tuple[Distribution, ...] = (
    csv_table, xlsx_workbook, json_records, parquet_file, data_dictionary, changes_csv,
    quality_json, quality_page, json_stat, sdmx_csv, sdmx_structure, csvw_json,
    Distribution.described("data_package_json", _write_descriptor),
)


def write_all(
    content: Content, folder: Path, taken: Mapping[str, bytes] | None = None
) -> tuple[FileRecord, ...]:
    """Write every distribution that `content` is offered in into a `folder`; return the checksums.

    Those whose bytes are `taken` from elsewhere, by name, are not made.

    Raises PortalError where the release holds what no open format can carry, and OSError.
    """
    def made(distribution: Distribution, others: Sequence[WrittenFile] = ()) -> WrittenFile:
        path = folder / distribution.file_name(content.dataset)
        if taken and path.name in taken:
            path.write_bytes(taken[path.name])
        else:
            distribution.write(content, path, others)
        record = FileRecord(name=path.name, sha256=sha256_once(path), bytes=path.stat().st_size)
        return record, distribution

    offered = [distribution for distribution in DISTRIBUTIONS if distribution.holds(content)]
    if content.release.rows > ROW_GROUP:  # of small releases, whole datasets are side by side
        with ThreadPoolExecutor(2) as pool:
            written = list(pool.map(made, offered[:-DESCRIBING]))
    else:
        written = list(map(made, offered[:-DESCRIBING]))
    for distribution in offered[-DESCRIBING:]:
        written.append(made(distribution, written))
    return tuple(record for record, _ in written)


def with_distributions(files: Iterable[FileRecord], dataset: Dataset) -> list[WrittenFile]:
    """Return the files of a dataset, each with its distribution; KeyError where none writes it."""
    writers = {distribution.file_name(dataset): distribution for distribution in DISTRIBUTIONS}
    return [(file, writers[file.name]) for file in files]
