"""A release as the distributions and pages read it: rows in batches, and names for its codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import ValidationError

from model.declarations.dataset import Dataset
from model.errors import PortalError
from model.records.release import Release
from model.records.scorecard import QualityReport
from model.records.validation import QualityRecord
from model.reference.personal_data import masked_record, masked_values
from model.reference.registries import Licence, Publisher, Registries
from model.util.sql import identifier
from model.util.text import Bilingual
from portal.base import HasReport, ReleaseFiles
from portal.metadata.vocabulary import Column
from portal.names import Names

BATCH_ROWS = 50_000  # rows held in memory at a time


@dataclass(frozen=True)
class Content:
    """One release with the declaration that it was made by, and the registries for names."""

    files: ReleaseFiles
    dataset: Dataset
    registries: Registries

    @classmethod
    def of(cls, files: ReleaseFiles, registries: Registries) -> Content:
        """Open a release.

        Raises:
            PortalError: the declaration inside the release cannot be read by this version.
        """
        try:
            dataset = Dataset.model_validate(files.release.declaration)
        except ValidationError as error:
            first = error.errors()[0]
            raise PortalError(
                f"the declaration kept in the release cannot be read: {first['msg']}",
                where=f"{files.release.dataset}, release {files.release.number}",
                todo="publish with the version of OpenIndicators that made the release",
            ) from error
        return cls(files, dataset, registries)

    @property
    def release(self) -> Release:
        """The release's record."""
        return self.files.release

    @cached_property
    def quality(self) -> QualityRecord:
        """The release's quality record, as it may be shown."""
        return masked_record(self.files.quality)

    @property
    def report(self) -> QualityReport | None:
        """What there was to say of its quality when it was issued, where that is known."""
        return self.files.report if isinstance(self.files, HasReport) else None

    def revisions(self, limit: int) -> list[dict[str, Any]]:
        """Return the figures that were revised the most, by their share of the old one."""
        columns = (*self.dataset.key, "old_value", "new_value", "unit_measure")
        names = ", ".join(map(identifier, columns))
        rows = self.query(
            f"SELECT {names} FROM t WHERE change = 'revised' AND old_value <> new_value ORDER BY"
            " abs(new_value - old_value) / nullif(abs(old_value), 0) DESC NULLS FIRST,"
            f" {names} LIMIT {limit}",
            "changes.parquet",
        )
        return [dict(zip(columns, row, strict=True)) for row in rows]

    @property
    def public(self) -> bool:
        """Whether the figures themselves may be shown and downloaded."""
        return self.dataset.access_rights == "PUBLIC"

    @property
    def withdrawn(self) -> bool:
        """Whether this release says that the dataset is no more."""
        return self.release.reason == "withdrawal"

    @property
    def licence(self) -> Licence:
        """Under which terms the data may be used."""
        return self.registries.licences[self.dataset.licence]

    @property
    def publisher(self) -> Publisher:
        """Who made the figures."""
        return self.registries.publishers[self.dataset.publisher]

    @property
    def contact(self) -> Publisher:
        """Who answers questions."""
        return self.registries.publishers[self.dataset.contact]

    def batches(self, name: str = "data.parquet") -> Iterator[pa.RecordBatch]:
        """Read one of the release's tables, in batches of BATCH_ROWS.

        Raises:
            PortalError: a figure is not a finite number, which no open format can carry.
        """
        with pq.ParquetFile(self.files.path(name)) as file:
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                _check_finite(batch, f"{self.release.dataset}, {name}")
                yield batch

    def rows(self, name: str = "data.parquet") -> Iterator[tuple[Any, ...]]:
        """Read one of the release's tables row by row, columns in the file's order."""
        for batch in self.batches(name):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    def columns_of(self, name: str) -> list[str]:
        """Return the column names of one of the release's tables."""
        return list(pq.read_schema(self.files.path(name)).names)

    def query(self, sql: str, table: str = "data.parquet", *values: Any) -> list[tuple[Any, ...]]:
        """Run a SELECT on `t`, one of the release's tables, and return all rows.

        For small results only (distinct codes, first rows, one chart).
        """
        with _engine().cursor() as con:
            # `sql` is this package's own; what comes from data is bound as a parameter.
            source = f"WITH t AS (SELECT * FROM read_parquet(?)) {sql}"
            return con.execute(source, [str(self.files.path(table)), *values]).fetchall()

    def quarantined(self, columns: Sequence[str], limit: int) -> list[dict[str, Any]]:
        """Return the first rows that were held back, by position, as they may be shown."""
        names = ", ".join(map(identifier, columns))
        rows = self.query(
            f"SELECT {names} FROM t ORDER BY _part, _row, _column, reasons LIMIT {limit}",
            "quarantine.parquet",
        )
        return [dict(zip(columns, masked_values(row), strict=True)) for row in rows]

    @cached_property
    def codes_used(self) -> dict[str, list[str]]:
        """The codes in each coded column, sorted; `indicator` in the declaration's order."""
        coded = [*self.dataset.key[:-1], "freq", "unit_measure", "obs_status"]
        lists = ", ".join(f"list(DISTINCT {identifier(name)})" for name in coded)
        [row] = self.query(f"SELECT {lists} FROM t")
        found = {
            name: sorted(code for code in codes or () if code is not None)
            for name, codes in zip(coded, row, strict=True)
        }
        order = list(self.dataset.indicators)
        found["indicator"].sort(key=lambda code: (order.index(code) if code in order else 1e9))
        return found

    @cached_property
    def names(self) -> Names:
        """What its columns and codes are called."""
        return Names(self.dataset, self.registries)

    def column(self, name: str) -> Column:
        """Return what a column is, for people."""
        return self.names.column(name)

    def name_of(self, column: str, code: str) -> Bilingual | None:
        """Return the name of a code in a column, or None where it has none."""
        return self.names.name_of(column, code)

    def label(self, column: str, code: str, language: str) -> str:
        """Return the name of a code in a language, or the code where it has none."""
        return self.names.label(column, code, language)


def _check_finite(batch: pa.RecordBatch, where: str) -> None:
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_floating(column.type) and pc.all(pc.is_finite(column)).as_py() is False:
            raise PortalError(
                "a figure is infinite or not a number",
                where=f"{where}, column {name}",
                todo="add an expectation that holds such rows back, then release anew",
            )


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One empty in-memory engine for the process: opening it costs more than most queries."""
    return duckdb.connect(
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )
