"""A release as distributions, pages and CKAN read it: rows in batches, and names for its codes.

What may not be shown (personal data, rows of datasets that are not public) is masked here, so that
no portal can forget it. `Content` reads a release and never changes it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate
from pathlib import Path
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
from model.reference.city import city
from model.reference.personal_data import masked_record, masked_values
from model.reference.registries import Licence, Publisher, Registries
from model.util.sql import identifier, literal, memory_errors, memory_limit
from portal.base import HasReport, ReleaseFiles
from portal.names import Names

BATCH_ROWS = 50_000  # rows held in memory at a time
ROW_GROUP = 122_880  # rows that DuckDB scans in one thread; others would only wait


@dataclass(frozen=True)
class Content:
    """One release with the declaration it was made by, and the registries for names."""

    files: ReleaseFiles
    dataset: Dataset
    registries: Registries

    @classmethod
    def of(cls, files: ReleaseFiles, registries: Registries) -> Content:
        """Open a release's `files`, with `registries` that name publishers, licences and codes.

        Raises PortalError where this version cannot read the declaration inside the release.
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
        """The release's quality record, personal data masked."""
        return masked_record(self.files.quality)

    @property
    def report(self) -> QualityReport | None:
        """The quality report as of the day of the release, where one was kept."""
        return self.files.report if isinstance(self.files, HasReport) else None

    @property
    def public(self) -> bool:
        """Whether the figures themselves may be shown and downloaded."""
        return self.dataset.access_rights == "PUBLIC"

    @property
    def withdrawn(self) -> bool:
        """Whether this release withdraws the dataset."""
        return self.release.reason == "withdrawal"

    @property
    def licence(self) -> Licence:
        """The terms under which the data may be used."""
        return self.registries.licences[self.dataset.licence]

    @property
    def publisher(self) -> Publisher:
        """The publisher of the figures."""
        return self.registries.publishers[self.dataset.publisher]

    @property
    def contact(self) -> Publisher:
        """Who answers questions: as declared, else for the whole city, else the publisher."""
        name = self.dataset.contact or city().contact or self.dataset.publisher
        return self.registries.publishers[name]

    @cached_property
    def published_columns(self) -> tuple[str, ...]:
        """The columns that are shown: those of the dataset that this release has.

        Releases made before a column was added to the schema lack it.
        """
        present = set(self.columns_of("data.parquet"))
        return tuple(name for name in self.dataset.published_columns if name in present)

    def batches(
        self, name: str = "data.parquet", columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Read the table `name` of the release in batches of BATCH_ROWS; some `columns` or all.

        Raises PortalError where a figure is not finite, which no open format can carry.
        """
        chosen = list(columns) if columns is not None else self.columns_of(name)
        self._check_finite(name, chosen)
        with pq.ParquetFile(self.files.path(name)) as file:
            yield from file.iter_batches(batch_size=BATCH_ROWS, columns=chosen)

    def lines(
        self, expression: str, name: str, columns: Iterable[str]
    ) -> Iterator[pa.StringArray]:
        """Read the table `name` as text, an SQL `expression` of some `columns` for each row.

        Gives up to BATCH_ROWS lines at a time, in the order of the rows. Raises PortalError as
        `batches` does.
        """
        self._check_finite(name, columns)
        with memory_errors(), self._engine.cursor() as con:
            query = f"SELECT {expression} FROM {self._relation(name)}"
            for batch in con.execute(query).to_arrow_reader(BATCH_ROWS):
                yield batch.column(0)

    def matching(self, name: str, pattern: str) -> set[str]:
        """Return the columns of the table `name` in which each text matches a regular `pattern`.

        Numbers are not looked at.
        """
        if (name, pattern) not in self._known:
            self._known[name, pattern] = self._matching(name, pattern)
        return self._known[name, pattern]

    @cached_property
    def _known(self) -> dict[tuple[str, str], set[str]]:
        """What was found of the release's tables, which never change."""
        return {}

    def _matching(self, name: str, pattern: str) -> set[str]:
        found = [column for column, number in self.kinds_of(name).items() if not number]
        # The different texts of all columns at once: to compile a pattern with Unicode's classes
        # takes longer than to match them.
        with pq.ParquetFile(self.files.path(name), read_dictionary=found) as file:
            for batch in file.iter_batches(BATCH_ROWS, columns=found):
                words = [batch[column].dictionary for column in found]
                match = pc.match_substring_regex(pa.concat_arrays(words), rf"\A(?:{pattern})\z")
                ends = list(accumulate(map(len, words), initial=0))
                found = [
                    column for column, begin, end in zip(found, ends[:-1], ends[1:], strict=True)
                    if pc.all(match[begin:end], min_count=0).as_py()
                ]
                if not found:
                    break
        return set(found)

    @property
    def _engine(self) -> duckdb.DuckDBPyConnection:
        return _engine(1 if self.release.rows <= ROW_GROUP else None, os.getpid())

    def _check_finite(self, name: str, columns: Iterable[str]) -> None:
        kinds, finite = self.kinds_of(name), self._known.setdefault((name, "finite"), set())
        figures = [column for column in columns if kinds[column] and column not in finite]
        if not figures:
            return
        counts = [f"count(*) FILTER (NOT isfinite({identifier(figure)}))" for figure in figures]
        [row] = self.query(f"SELECT {', '.join(['0', *counts])} FROM t", name)
        for column, count in zip(figures, row[1:], strict=True):
            if count:
                raise PortalError(
                    "a figure is infinite or not a number",
                    where=f"{self.release.dataset}, {name}, column {column}",
                    todo="add an expectation that quarantines such rows, then release again",
                )
        finite.update(figures)

    def kinds_of(self, name: str) -> dict[str, bool]:
        """Return the columns of one of the release's tables, and whether they hold numbers."""
        schema = pq.read_schema(self.files.path(name))
        return {field.name: not pa.types.is_string(field.type) for field in schema}

    def columns_of(self, name: str) -> list[str]:
        """Return the column names of one of the release's tables."""
        return list(self.kinds_of(name))

    def query(self, sql: str, table: str = "data.parquet", *values: Any) -> list[tuple[Any, ...]]:
        """Run a SELECT (`sql`) on `t`, the release's file `table`, and return all rows.

        For small results only (distinct codes, first rows, one chart). The query is written in this
        package, never taken from data; `values` are bound to its parameters.
        """
        with memory_errors(), self._engine.cursor() as con:
            source = f"WITH t AS (FROM read_parquet({literal(self.files.path(table))})) {sql}"
            # No parameter where there is no value: for one, DuckDB imports pandas.
            return con.execute(source, values or None).fetchall()

    def copy(self, select: str, path: Path) -> None:
        """Write what `select` selects from `t`, the observations, to the file `path` as CSV."""
        with memory_errors(), self._engine.cursor() as con:
            con.execute(
                f"COPY (WITH t AS (FROM {self._relation('data.parquet')}) {select})"
                f" TO {literal(path)} (FORMAT csv, HEADER)"
            )

    def _relation(self, name: str) -> str:
        """Return SQL for the table `name`, in which what never differs is a constant.

        DuckDB computes the text of a constant once, not for each row.
        """
        kinds = self.kinds_of(name)
        same = ", ".join(
            f"CAST({'NULL' if text is None else literal(text)} AS"
            f" {'DOUBLE' if kinds[column] else 'VARCHAR'}) AS {identifier(column)}"
            for column, text in self.constants_of(name).items()
        )
        rows = f"read_parquet({literal(self.files.path(name))})"
        return f"(SELECT * REPLACE ({same}) FROM {rows})" if same else rows

    def constants_of(self, name: str) -> dict[str, str | None]:
        """Return the columns of the table `name` that have one text, or nothing, in all rows."""
        return _constants(self.files.path(name))

    def select(self, table: str, columns: Sequence[str], tail: str) -> list[dict[str, Any]]:
        """Return `columns` of the release's file `table` by name; `tail` is WHERE, ORDER, LIMIT."""
        names = ", ".join(map(identifier, columns))
        rows = self.query(f"SELECT {names} FROM t {tail}", table)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def largest_revisions(self, limit: int) -> list[dict[str, Any]]:
        """Return the figures that were revised the most, by their share of the old one."""
        columns = (*self.dataset.key, "old_value", "new_value", "unit_measure")
        return self.select(
            "changes.parquet", columns,
            "WHERE change = 'revised' AND old_value <> new_value ORDER BY"
            " abs(new_value - old_value) / nullif(abs(old_value), 0) DESC NULLS FIRST,"
            f" {', '.join(map(identifier, columns))} LIMIT {limit}",
        )

    def quarantined(self, columns: Sequence[str], limit: int) -> list[dict[str, Any]]:
        """Return some `columns` of the first `limit` quarantined rows, personal data masked."""
        rows = self.select(
            "quarantine.parquet", columns, f"ORDER BY _part, _row, _column, reasons LIMIT {limit}",
        )
        return [dict(zip(columns, masked_values(tuple(row.values())), strict=True)) for row in rows]

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
        """The names of its columns and codes."""
        return Names(self.dataset, self.registries)


def _constants(path: Path) -> dict[str, str | None]:
    """Return the columns of a Parquet file with one text, or nothing, in all rows."""
    metadata = pq.read_metadata(path)
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    found = {}
    for place, field in enumerate(metadata.schema.to_arrow_schema()):
        is_text = pa.types.is_string(field.type)
        texts = {_only_value(group.column(place), is_text) for group in groups}
        [text] = texts if len(texts) == 1 else [...]
        if text is not ...:
            found[field.name] = text
    return found


def _only_value(column: pq.ColumnChunkMetaData, is_text: bool) -> Any:
    """Return the one text of a column's part, None where it has no value, else an ellipsis."""
    known = column.statistics
    if known is None or not known.has_null_count:
        return ...
    if known.null_count == column.num_values:
        return None
    # DuckDB and pyarrow leave out the statistics of long texts; neither cuts them.
    one = is_text and not known.null_count and known.has_min_max and known.min == known.max
    return known.min if one else ...


@cache
def _engine(threads: int | None, _process: int) -> duckdb.DuckDBPyConnection:
    """Return an in-memory engine for the process: opening it costs more than most queries.

    One that was forked cannot use that of its parent.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False, "autoload_known_extensions": False,
        "enable_external_file_cache": False,  # of files that nobody reads any longer, too
    }
    if threads is None:
        config |= {"memory_limit": memory_limit(), "temp_directory": tempfile.gettempdir()}
    else:
        config["threads"] = threads
    return duckdb.connect(config=config)
