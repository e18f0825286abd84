"""Compute the parts of a computed dataset's snapshot from the current releases of its inputs.

Whatever computes a figure, a formula or a SELECT, names the cells that it used. From these follow
its status, the worst of theirs, and its lineage. A figure without one of its cells is none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Protocol

import duckdb
import pyarrow.parquet as pq

from model.declarations.computed import AREA, PERIOD, Typing
from model.declarations.dataset import Dataset
from model.errors import ReadError, SourceError
from model.records.snapshot import CELLS, LINEAGE, Computation, InputRelease
from model.reference.periods import frequency_of, next_period
from model.reference.registries import Registries
from model.util.hashing import pretty_json, sha256_file, sha256_json
from model.util.sql import identifier, literal
from model.util.text import LocalizedText
from warehouse.computing import VERSION, queries, select
from warehouse.engine import connect
from warehouse.store import releases
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease

# From best to worst: SDMX CL_OBS_STATUS. What has no value (O, Q) leaves none.
STATUSES = ("A", "B", "P", "E", "I", "F", "U", "N", "O", "Q")
_SHIFT = 40  # bits of a cell's number that count the row
# Beyond 14 digits a sum of decimal figures shows how computers write them: 0.30000000000000004.
_ROUNDED = "CAST(format('{{:.14g}}', {0}) AS DOUBLE)"


class Program(Protocol):
    """What computes figures where neither formulas nor a `SELECT` do."""

    @property
    def method(self) -> str:
        """The method's name, for readers."""

    @property
    def version(self) -> str:
        """A checksum of all that the figures follow from besides the inputs."""

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the figures, with their types in SQL."""

    def figures(self, inputs: Mapping[str, StoredRelease]) -> list[dict[str, Any]]:
        """Return the key columns of each figure, `value`, and `cells`, by the inputs' releases.

        A cell is `cell_number` of an input and a row; an input without a release is left out.
        """


@dataclass(frozen=True)
class Computing:
    """A computed dataset, the datasets that are its inputs, and where their releases are.

    others: all datasets, by id.
    select: the text of its SELECT; "" where it has formulas.
    program: what computes it instead of both.
    """

    dataset: Dataset
    others: Mapping[str, Dataset]
    registries: Registries
    data_dir: DataDir
    select: str = ""
    program: Program | None = None

    @cached_property
    def typing(self) -> Typing:
        """The types of its figures."""
        inputs = {name: self.others[each.dataset] for name, each in self.dataset.inputs.items()}
        return Typing(self.dataset, inputs, self.registries)

    @cached_property
    def current(self) -> dict[str, StoredRelease]:
        """The current release of each input; of a program's, those that have one.

        Raises:
            SourceError: an input has none, or was withdrawn.
        """
        found = {}
        for name, each in self.dataset.inputs.items():
            stored = releases.current(self.data_dir, each.dataset)
            if stored is None or stored.release.reason == "withdrawal":
                if self.program:
                    continue
                state = "was withdrawn" if stored else "has no release yet"
                raise SourceError(
                    f"the input {name!r}, {each.dataset}, {state}", where=self.dataset.id,
                    todo=f"run `openindicators run {each.dataset}` first" if stored is None
                    else "remove it from `inputs`, or withdraw this dataset, too",
                )
            found[name] = stored
        return found

    @cached_property
    def _queries(self) -> list[str]:
        if self.select:
            return [self.select]
        return [queries.formula_query(self.typing, code) for code in self.dataset.indicators]

    def record(self) -> str:
        """Return the part that says what would be computed from what: `inputs.json`."""
        if self.program:
            formulas = dict.fromkeys(self.dataset.indicators, self.program.method)
            query = self.program.version
        else:
            formulas = {
                code: each.formula for code, each in self.dataset.indicators.items()
                if each.formula is not None
            }
            query = sha256_json([[
                queries.input_query(self.typing, name, "", number)
                for number, name in enumerate(self.dataset.inputs)
            ], self._queries])
        return pretty_json(Computation(
            version=VERSION,
            inputs=tuple(
                InputRelease(
                    name=name, dataset=stored.release.dataset,
                    title=LocalizedText.model_validate(stored.release.declaration["title"]),
                    release=stored.release.number,
                    release_sha256=sha256_file(stored.folder / "release.json"),
                    data_sha256=stored.release.file("data.parquet").sha256,
                )
                for name, stored in self.current.items()
            ),
            formulas=formulas, select=self.select, query_sha256=query,
        ))

    def write(self, folder: Path) -> None:
        """Compute, and write the parts CELLS and LINEAGE to a folder.

        Raises:
            ReadError: the SELECT is refused, or gives something else than figures with their cells.
            StoreError: an input's release was changed or lost.
        """
        with connect(rows=None if self.select else 1) as con:
            if self.program:
                self._run_program(con, self.program)
                self._finish(con, folder)
                return
            for number, (name, stored) in enumerate(self.current.items()):
                path = str(stored.path("data.parquet"))
                query = queries.input_query(self.typing, name, path, number)
                con.execute(f"CREATE TABLE {identifier(name)} AS {query}")
            self._shifted_periods(con)
            if self.select:
                self._run_select(con)
            else:
                con.execute("CREATE TABLE computed AS " + " UNION ALL ".join(self._queries))
            self._finish(con, folder)

    def _run_program(self, con: duckdb.DuckDBPyConnection, program: Program) -> None:
        for number, (name, stored) in enumerate(self.current.items()):
            con.execute(
                f"CREATE TABLE {identifier(name)} AS SELECT obs_status, obs_value,"
                f" {number}::BIGINT << {_SHIFT} | file_row_number AS cell FROM"
                f" read_parquet({literal(stored.path('data.parquet'))}, file_row_number = true)"
            )
        columns = ", ".join(f"{name}: {literal(of)}" for name, of in program.columns.items())
        # A file, since DuckDB and pyarrow import pandas to take objects of Python: 0.4 s.
        with NamedTemporaryFile("w", encoding="utf-8", suffix=".json") as file:
            json.dump(program.figures(self.current), file)
            file.flush()
            con.execute(
                "CREATE TABLE computed AS SELECT *, NULL::DOUBLE AS lower_bound,"
                " NULL::DOUBLE AS upper_bound, NULL::VARCHAR AS footnotes"
                f" FROM read_json({literal(file.name)}, columns = {{{columns}}})"
            )

    def _shifted_periods(self, con: duckdb.DuckDBPyConnection) -> None:
        periods = " UNION ".join(
            f"SELECT DISTINCT {PERIOD} FROM {identifier(name)}" for name in self.current
        )
        rows = [
            (iso, next_period(iso), later if frequency_of(later) else None)
            for (iso,) in con.execute(periods).fetchall()
            for later in (f"{int(iso[:4]) + 1}{iso[4:]}",)
        ]
        con.execute(
            f"CREATE TABLE {queries.SHIFTED}"
            " (period VARCHAR, previous VARCHAR, year_before VARCHAR)"
        )
        if rows:  # as text: see `_run_program`
            said = ", ".join(
                f"({', '.join('NULL' if each is None else literal(each) for each in row)})"
                for row in rows
            )
            con.execute(f"INSERT INTO {queries.SHIFTED} VALUES {said}")

    def _run_select(self, con: duckdb.DuckDBPyConnection) -> None:
        """Run the declaration's SELECT over its inputs, those under a reconstruction as sums.

        Raises:
            ReadError: it is refused, does not run, or lacks a column.
        """
        for name, each in self.dataset.inputs.items():
            if each.reconstruction:
                query = queries.reconstruction_query(self.typing, name)
                con.execute(f"CREATE TABLE summed AS {query}")
                parts = identifier(self._cells(name))
                con.execute(f"ALTER TABLE {identifier(name)} RENAME TO {parts}")
                con.execute(f"ALTER TABLE summed RENAME TO {identifier(name)}")
        select.check_select(con, self.select, self.dataset.inputs)
        select.close_to_the_world(con)
        key = ("indicator", AREA, *self.dataset.dimensions, PERIOD)
        named = " ".join(sorted(e.reconstruction for e in self.dataset.inputs.values()
                                if e.reconstruction))
        bounded = any(each.interval for each in self.dataset.indicators.values())
        bounds = [f"{name if bounded else 'NULL'}::DOUBLE AS {name}"
                  for name in ("lower_bound", "upper_bound")]
        text = self.select.strip().rstrip(";")
        with select.interrupted_after(con):
            con.execute(
                f"CREATE TABLE computed AS SELECT {', '.join(map(identifier, key))},"
                f" obs_value::DOUBLE AS value, {', '.join(bounds)}, cells::BIGINT[] AS cells,"
                f" nullif({literal(named)}, '') AS footnotes FROM ({text}\n)"
                f" LIMIT {select.MAX_ROWS}"
            )
        empty = con.execute(
            "SELECT count(*) FROM computed WHERE coalesce(len(cells), 0) = 0"
        ).fetchone()
        if empty and empty[0]:
            raise ReadError(
                f"{empty[0]} figures name no cell that they come from", where=self.dataset.id,
                todo="give `cells`, a list of the inputs' column `cell`",
            )

    def _cells(self, name: str) -> str:
        """Return the table with the input's own cells."""
        summed = bool(self.select and self.dataset.inputs[name].reconstruction)
        return f"{name} parts" if summed else name

    def _finish(self, con: duckdb.DuckDBPyConnection, folder: Path) -> None:
        """Give each row its number and status, and write both parts."""
        dataset = self.dataset
        own = ("geo_vintage", "obs_note") if self.program else ()
        key = ", ".join(map(identifier, ("indicator", AREA, *dataset.dimensions, PERIOD, *own)))
        known = " UNION ALL ".join(
            f"SELECT cell, obs_status, obs_value FROM {identifier(self._cells(name))}"
            for name in self.current
        )
        ranks = f"list_position({list(STATUSES)!r}, obs_status)"
        con.execute(
            "CREATE TABLE numbered AS SELECT row_number() OVER"
            f" (ORDER BY {key}) AS n, * FROM computed"
        )
        con.execute(
            "CREATE TABLE used AS SELECT n, used.cell, known.cell IS NOT NULL AS is_known,"
            f" {ranks} AS rank, obs_value FROM (SELECT n, unnest(cells) AS cell FROM numbered)"
            f" AS used LEFT JOIN ({known}) AS known USING (cell)"
        )
        unknown = con.execute("SELECT count(*) FROM used WHERE NOT is_known").fetchone()
        if unknown and unknown[0]:
            raise ReadError(
                f"{unknown[0]} cells are named that no input has", where=dataset.id,
                todo="give `cells` as a list of the inputs' column `cell`",
            )
        no_value = len(STATUSES) - 1
        suppressed = f"worst > {no_value}"
        value = _ROUNDED.format("value")
        con.execute(
            f"""
            CREATE TABLE finished AS
            SELECT n, {key}, {value} AS obs_value, {_ROUNDED.format('lower_bound')} AS lower_bound,
                   {_ROUNDED.format('upper_bound')} AS upper_bound,
                   CASE WHEN value IS NOT NULL THEN {list(STATUSES)!r}[worst]
                        WHEN {suppressed} THEN 'Q' ELSE 'O' END AS obs_status, footnotes
            FROM (
                SELECT * REPLACE (
                    CASE WHEN complete AND isfinite(value) THEN value END AS value,
                    CASE WHEN complete AND isfinite(value) THEN lower_bound END AS lower_bound,
                    CASE WHEN complete AND isfinite(value) THEN upper_bound END AS upper_bound
                )
                FROM numbered JOIN (
                    SELECT n, max(rank) AS worst,
                           bool_and(obs_value IS NOT NULL) AND max(rank) < {no_value} AS complete
                    FROM used GROUP BY n
                ) USING (n)
            )
            """
        )
        read = list(next(iter(dataset.sources.values())).columns)  # no other column is written
        _copy(con, f"SELECT {', '.join(map(identifier, read))} FROM finished ORDER BY n",
              folder / CELLS)
        names = list(self.current)
        _copy(con, f"SELECT n AS cell, {names!r}[1 + (cell >> {_SHIFT})] AS input,"
              f" cell & ((1::BIGINT << {_SHIFT}) - 1) AS row FROM used ORDER BY ALL",
              folder / LINEAGE)


def cell_number(number: int, row: int) -> int:
    """Return the number of the cell in a `row` of the input with a `number`, both from 0."""
    return number << _SHIFT | row


def _copy(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    # Not by COPY: a connection that has run a SELECT of a declaration writes no files.
    pq.write_table(con.execute(query).to_arrow_table(), path, compression="zstd")

