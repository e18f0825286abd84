"""The yearly figures of a target, read from the release that was current on a day.

Releases are those of a site's folder or of a data folder: anything with a Parquet file and its
checksum. Figures within other borders than the target's are counted, and never returned.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import Field

from model.declarations.dataset import (
    AFTER_DIMENSIONS,
    BEFORE_DIMENSIONS,
    BOUNDS,
    FOOTNOTES,
    PROVENANCE,
)
from model.errors import PortalError
from model.reference.codelist import TOTAL
from model.reference.periods import period_start
from model.reference.reconciliation import ReleasedFigure
from model.util.hashing import has_checksum
from model.util.text import Frozen

YEARLY = "A"
_NO_DIMENSION = {*BEFORE_DIMENSIONS, *AFTER_DIMENSIONS, *BOUNDS, FOOTNOTES, *PROVENANCE}


@dataclass(frozen=True)
class ReleasedTable:
    """The observations of a release.

    path: the Parquet file; sha256: its recorded checksum, without which it is not read.
    """

    dataset: str
    number: int
    version: str
    issued: datetime
    path: Path
    sha256: str


class YearFigure(Frozen):
    """The value of a year, with its observation status, note and footnotes.

    row: of the release's table, from 0; not published.
    """

    year: int
    value: float
    status: str = "A"
    note: str | None = None
    footnotes: str = ""
    row: int = Field(default=-1, exclude=True)


class FigureKey(Frozen):
    """Where the figures of a target stand: their key in a release, but for the period.

    where: the code of each of the release's dimensions.
    """

    dataset: str
    release: int
    version: str
    issued: datetime
    indicator: str
    ref_area: str
    geo_vintage: str
    where: dict[str, str] = {}


@dataclass(frozen=True)
class TargetSeries:
    """The yearly figures of a target, oldest first.

    other_borders: the years of figures that are left out as their borders are others.
    """

    source: FigureKey
    figures: tuple[YearFigure, ...]
    other_borders: tuple[int, ...] = ()


@dataclass(frozen=True)
class ReleaseHistory:
    """The releases of datasets, by dataset, oldest first; each table is read once."""

    tables: Mapping[str, Iterable[ReleasedTable]]
    _read: dict[tuple[str, int, str, str, str], TargetSeries] = field(default_factory=dict)

    def at(self, dataset: str, day: date) -> ReleasedTable | None:
        """Return the release of a `dataset` that was current at the end of a `day`."""
        issued = [each for each in self.tables.get(dataset, ()) if each.issued.date() <= day]
        return issued[-1] if issued else None

    @cached_property
    def days(self) -> list[date]:
        """Return the days on which something was released."""
        return sorted({
            each.issued.date() for tables in self.tables.values() for each in tables
        })

    def days_of(self, dataset: str) -> list[date]:
        """Return the days on which a `dataset` was released."""
        return [each.issued.date() for each in self.tables.get(dataset, ())]

    def series(
        self, figure: ReleasedFigure, area: str, vintage: str, day: date
    ) -> TargetSeries | None:
        """Return the yearly figures as of a `day`; None before the first release.

        `figure` says of what, `area` and `vintage` (of the borders) of where.

        Raises:
            PortalError: the file is damaged; the figure is not the only one of a year.
        """
        table = self.at(figure.dataset, day)
        if table is None:
            return None
        key = (figure.dataset, table.number, figure.model_dump_json(), area, vintage)
        if key not in self._read:
            self._read[key] = _series(table, figure, area, vintage)
        return self._read[key]


def _rows(read: pa.Table, codes: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the rows with a figure and these `codes`, by column, and their places as `_row`."""
    chosen = pc.is_valid(read["obs_value"])
    for name, code in codes.items():
        own = read[name].unique()  # pyarrow imports pandas to make a value of ours, 0.4 s
        known = own.to_pylist()
        if code not in known:
            return []
        chosen = pc.and_(chosen, pc.equal(read[name], own[known.index(code)]))
    places = pc.indices_nonzero(chosen).to_pylist()
    found = read.filter(chosen).to_pylist()
    return [{**row, "_row": place} for row, place in zip(found, places, strict=True)]


def _series(table: ReleasedTable, figure: ReleasedFigure, area: str, vintage: str) -> TargetSeries:
    if not has_checksum(table.path, table.sha256):
        raise PortalError(
            "does not have the checksum that was recorded for it", where=str(table.path),
            todo="publish the dataset again; `openindicators doctor` shows what else is damaged",
        )
    with pq.ParquetFile(table.path) as file:  # see `model.util.parquet`
        columns = [name for name in file.schema_arrow.names if name not in PROVENANCE]
        read = file.read(columns)
    dimensions = set(columns) - _NO_DIMENSION
    rows = _rows(read, {"indicator": figure.indicator, "ref_area": area, "freq": YEARLY})
    for name, code in figure.where.items():
        rows = [row for row in rows if row[name] == code]
    where = dict(figure.where)
    for name in sorted(dimensions - figure.where.keys()):
        codes = {row[name] for row in rows}
        if len(codes) > 1:
            codes = {TOTAL}
            rows = [row for row in rows if row[name] == TOTAL]
        if len(codes) == 1:
            where[name] = codes.pop() or ""
    found: dict[int, YearFigure] = {}
    others: set[int] = set()
    for row in rows:
        year = period_start(row["time_period"]).year
        if row["geo_vintage"] != vintage:
            others.add(year)
            continue
        if year in found:
            raise PortalError(
                f"has several figures of {figure.indicator} for {area} in {year}",
                where=f"{table.dataset}, release {table.number}",
                todo="say which in `where` of the sector indicator",
            )
        found[year] = YearFigure(
            year=year, value=row["obs_value"], status=row["obs_status"] or "A",
            note=row.get("obs_note"), footnotes=row.get("footnotes") or "", row=row["_row"],
        )
    source = FigureKey(
        dataset=table.dataset, release=table.number, version=table.version, issued=table.issued,
        indicator=figure.indicator, ref_area=area, geo_vintage=vintage, where=where,
    )
    return TargetSeries(source, tuple(found[year] for year in sorted(found)), tuple(sorted(others)))

