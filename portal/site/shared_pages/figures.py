"""The figures of every place in a dataset: written at its publication, read for the shared pages.

`figures.tsv` has a line for each area within each vintage of borders: the area's code and the
vintage, then its series, both as JSON. A shared page whose lines have not changed is not made
again, and parses none of them. The first line says what is measured, and the periods.
"""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from model.reference.codelist import TOTAL
from model.reference.periods import missing_before
from model.util.hashing import sha256_bytes, sha256_json
from model.util.sql import identifier, literal
from model.util.text import LocalizedText, joined, localized
from portal.content import Content
from portal.scope import NEWEST_LAST, home_areas
from portal.site_folder.state import DatasetState, IndicatorSummary, read_intact
from portal.vocabulary import BREAK

FILE = "figures.tsv"
POINTS = 40  # the newest of each series
ROWS_AT_ONCE = 2_500_000  # of a table, with 250 MB for DuckDB
HOME_POINTS = 400  # of the city, and of what it lies in
BREAKDOWNS = 20  # of an indicator without a total; of one with more, the one that the chart draws
PEERS = 5  # fewer areas make no ranking


@dataclass(frozen=True)
class Measure:
    """What one figure of each place is of: an indicator, with the codes of other dimensions."""

    indicator: str
    breakdown: dict[str, str] | None  # by language; None where nothing but a total is meant
    areas: int
    first: str
    last: str


class PlaceSeries(NamedTuple):
    """The series of a measure in one place, within the same borders; the oldest figure first.

    at: where each period stands among all, the missing ones counted.
    rank, of: its place among the areas of the list in the newest period, the highest first; 0
        where too few have a figure.
    """

    measure: int
    at: Sequence[int]
    periods: list[str]
    values: list[float]
    statuses: list[str]
    rank: int
    of: int

    @property
    def with_gaps(self) -> list[float | None]:
        """The values, with a None where periods are missing, and before a break in the series."""
        found: list[float | None] = [self.values[0]]
        for before, now, value, status in zip(
            self.at, self.at[1:], self.values[1:], self.statuses[1:], strict=False
        ):
            found += [value] if now == before + 1 and status != BREAK else [None, value]
        return found

    def value_in(self, period: str) -> float | None:
        """Return the figure of a `period`; None where there is none."""
        if self.periods[-1] == period:
            return self.values[-1]
        return self.values[self.periods.index(period)] if period in self.periods else None


@dataclass(frozen=True)
class Figures:
    """The file of one dataset, split into its lines.

    places: the lines, by area and vintage: how many series, a digest of the line, the line itself.
    """

    head: bytes
    places: dict[tuple[str, str], tuple[int, bytes, bytes]]
    _parsed: dict[tuple[str, str], list[PlaceSeries]] = field(default_factory=dict)

    @cached_property
    def _parsed_head(self) -> dict[str, Any]:
        parsed: dict[str, Any] = msgspec.json.decode(self.head)
        return parsed

    @cached_property
    def measures(self) -> list[Measure]:
        """What is measured, the chart's indicator first."""
        return [Measure(**each) for each in self._parsed_head["measures"]]

    def series(self, area: str, vintage: str) -> list[PlaceSeries]:
        """Return the series of an `area` within the borders of a `vintage`; none is no error."""
        key = area, vintage
        if key not in self._parsed:
            periods = self._parsed_head["periods"]
            self._parsed[key] = [
                PlaceSeries(
                    measure, at, [periods[each] for each in at], values,
                    statuses or ["A"] * len(values), rank, of,
                )
                for measure, first, values, statuses, rank, of
                in msgspec.json.decode(self.places[key][-1] if key in self.places else b"[]")
                for at in [
                    range(first, first + len(values)) if isinstance(first, int) else first]
            ]
        return self._parsed[key]


@dataclass(frozen=True)
class Listed:
    """A dataset as the shared pages see it.

    state: its summary.
    sha256: the summary's checksum.
    figures: those of its places.
    """

    state: DatasetState
    sha256: str
    figures: Figures

    @cached_property
    def words(self) -> str:
        """A checksum of what pages of places say about it besides figures."""
        said = self.state.model_dump(
            mode="json", include={
                "dataset", "sector", "title", "publisher", "indicators", "ended", "freshness",
            }
        )
        return sha256_json([said, self.figures.head.decode()])

    @cached_property
    def indicators(self) -> dict[str, IndicatorSummary]:
        """Its indicators by code."""
        return {each.code: each for each in self.state.indicators}


def read(folder: Path, sha256: str | None) -> Figures:
    """Read the figures in a dataset's `folder`, whose file has the checksum `sha256`.

    There are none where it is None: the dataset is not public. Raises PortalError where the file is
    damaged.
    """
    if sha256 is None:
        return Figures(b'{"measures": [], "periods": []}', {})
    head, *lines = read_intact(folder / FILE, sha256).split(b"\n")
    places = {}
    for line in lines:
        key, series = line.split(b"\t")
        area, vintage, count = msgspec.json.decode(key)
        places[area, vintage] = (count, blake2b(line, digest_size=16).digest(), series)
    return Figures(head, places)


def write(content: Content, folder: Path) -> str:
    """Write the figures of every place in `content`, a public release, to a dataset's `folder`.

    Returns the file's checksum.
    """
    split = [name for name in content.dataset.dimensions if len(content.codes_used[name]) > 1]
    rows = _rows(content, split)
    measures = _measures(content, rows, split)
    number = {key: at for at, key in enumerate(measures)}
    known = _periods(content, rows, split)
    periods: list[str | None] = []
    for iso, gap in zip(known, missing_before(known), strict=True):
        periods += [*[None] * min(gap, 1), iso]
    place = {iso: at for at, iso in enumerate(periods)}
    ranks = _ranks(content, rows, split)
    lines: dict[tuple[str, str], list[list[Any]]] = defaultdict(list)
    for row in rows:
        if row.key in number:
            at, statuses = [place[iso] for iso in row.periods], row.statuses
            lines[row.area, row.vintage].append([
                number[row.key], at[0] if at == [*range(at[0], at[0] + len(at))] else at,
                row.values, statuses if set(statuses) != {"A"} else 0,
                *ranks.get((row.area, row.vintage, row.key), (0, 0)),
            ])
    head = {"measures": [vars(measure) for measure in measures.values()], "periods": periods}
    texts = [_json(head)]
    for (area, vintage), series in sorted(lines.items()):
        key = _json([area, vintage, len(series)])
        texts.append(f"{key}\t{_json(sorted(series, key=lambda each: each[0]))}")
    data = "\n".join(texts).encode()
    (folder / FILE).write_bytes(data)
    return sha256_bytes(data)


class _Row(NamedTuple):
    """A series as the release has it; `key` is the indicator's code and those of the breakdown.

    Periods, values and statuses are those of the newest figures, so many as a page may show.
    """

    area: str
    vintage: str
    key: tuple[str, ...]
    total: int  # how many figures it has
    first: str  # the oldest period
    periods: list[str]
    values: list[float]
    statuses: list[str]


def _chosen(
    content: Content, split: list[str], indicators: Sequence[str] = ()
) -> tuple[str, str]:
    """Return tables for a query, and the value of its parameter.

    `chosen` has the figures of every place, of an indicator that has totals, in `split`, only
    those; `period` has their periods in order. Of all `indicators` where none is named.
    """
    named = f" AND indicator IN ({', '.join(map(literal, indicators))})" if indicators else ""
    freqs, freq = content.codes_used["freq"], content.dataset.frequency
    totals = " AND ".join(
        f"({name} = '{TOTAL}' OR NOT bool_or({name} = '{TOTAL}') OVER (PARTITION BY indicator))"
        for name in map(identifier, split)
    )
    key = ", ".join(map(identifier, ("indicator", *split)))
    tables = (
        f", chosen AS NOT MATERIALIZED (SELECT ref_area, geo_vintage, [{key}] AS key, time_period,"
        " obs_value, obs_status FROM t WHERE obs_value IS NOT NULL AND freq = ?"
        f"{named} {'QUALIFY ' + totals if split else ''}),"
        f" period AS (SELECT time_period, row_number() OVER (ORDER BY {NEWEST_LAST}) AS nth"
        " FROM (SELECT DISTINCT time_period FROM chosen))"
    )
    return tables, freq if freq in freqs else next(iter(freqs), "")


def _rows(content: Content, split: list[str]) -> list[_Row]:
    """Return the series of every place, as `_chosen` has them."""
    point = "{p: time_period, v: obs_value, s: coalesce(obs_status, 'A')}"
    home = ", ".join(map(literal, home_areas() or ("",)))
    newest = [
        f"arg_max({point}, nth, {most}) FILTER (ref_area {test} ({home}))"
        for most, test in ((HOME_POINTS, "IN"), (POINTS, "NOT IN"))
    ]
    found: list[_Row] = []
    for indicators in _at_once(content):
        tables, freq = _chosen(content, split, indicators)
        found += (
            _Row(
                area, vintage, tuple(key), total, first,
                *([point[name] for point in points] for name in "pvs"),
            )
            for area, vintage, key, total, first, points in content.query(
                f"{tables} SELECT ref_area, geo_vintage, key, count(*), arg_min(time_period, nth),"
                f" list_reverse(coalesce({', '.join(newest)}))"
                " FROM chosen JOIN period USING (time_period) GROUP BY ref_area, geo_vintage, key",
                "data.parquet", freq,
            )
        )
    return sorted(found, key=lambda row: row[:3])


def _at_once(content: Content) -> Iterator[Sequence[str]]:
    """Yield indicators to be looked at together: a list of each series' newest stays in memory."""
    indicators = sorted(content.codes_used["indicator"])
    number = max(len(indicators) * ROWS_AT_ONCE // max(content.release.rows, 1), 1)
    if number >= len(indicators):
        yield ()
        return
    for start in range(0, len(indicators), number):
        yield indicators[start:start + number]


def _points(
    content: Content, rows: list[_Row], split: list[str]
) -> Iterable[tuple[str, tuple[str, ...], str, str, float]]:
    """Return the figures of every place that are in a period which is the newest of some series.

    Each with its vintage, key, period and area. `rows`, of `split`, have all of a small table.
    """
    if all(row.total == len(row.periods) for row in rows):
        return (
            (row.vintage, row.key, iso, row.area, value)
            for row in rows for iso, value in zip(row.periods, row.values, strict=True)
        )
    tables, freq = _chosen(content, split)
    found = content.query(
        f"{tables}, newest AS (SELECT DISTINCT geo_vintage, key, time_period FROM ("
        " SELECT geo_vintage, key, arg_max(time_period, nth) AS time_period"
        " FROM chosen JOIN period USING (time_period) GROUP BY ref_area, geo_vintage, key))"
        " SELECT geo_vintage, key, time_period, ref_area, obs_value"
        " FROM chosen SEMI JOIN newest USING (geo_vintage, key, time_period)",
        "data.parquet", freq,
    )
    return ((vintage, tuple(key), *rest) for vintage, key, *rest in found)


def _periods(content: Content, rows: list[_Row], split: list[str]) -> list[str]:
    """Return all periods in which a place has a figure, the oldest first; `rows` as `_points`."""
    if all(row.total == len(row.periods) for row in rows):
        return sorted({iso for row in rows for iso in row.periods}, key=_order)
    tables, freq = _chosen(content, split)
    query = f"{tables} SELECT time_period FROM period ORDER BY nth"
    return [iso for (iso,) in content.query(query, "data.parquet", freq)]


def _order(iso: str) -> tuple[str, int, str]:
    """Return what periods are sorted by, as NEWEST_LAST does."""
    return iso[:10], len(iso), iso


def _measures(
    content: Content, rows: Iterable[_Row], split: list[str]
) -> dict[tuple[str, ...], Measure]:
    """Return what is measured, the chart's indicator first, by its key."""
    members: dict[tuple[str, ...], list[_Row]] = defaultdict(list)
    for row in rows:
        members[row.key].append(row)
    chart = content.dataset.chart
    first, drawn = (chart.indicator, chart.where) if chart else ("", {})

    def importance(key: tuple[str, ...]) -> tuple[bool, int]:
        others = [drawn.get(name, code) != code
                  for name, code in zip(split, key[1:], strict=True)]
        return any(others), -sum(row.total for row in members[key])

    kept: list[tuple[str, ...]] = []
    for code in sorted(content.codes_used["indicator"], key=lambda code: code != first):
        keys = sorted((key for key in members if key[0] == code), key=importance)
        kept += keys if len(keys) <= BREAKDOWNS else keys[:1]
    return {
        key: Measure(
            indicator=key[0], breakdown=_breakdown(content, split, key[1:]),
            areas=len({row.area for row in members[key]}),
            first=min((row.first for row in members[key]), key=_order),
            last=max((row.periods[-1] for row in members[key]), key=_order),
        )
        for key in kept
    }


def _breakdown(
    content: Content, names: list[str], codes: tuple[str, ...]
) -> dict[str, str] | None:
    texts = [
        content.names.name_of(name, code) or _as_text(code)
        for name, code in zip(names, codes, strict=True) if code != TOTAL
    ]
    return joined(texts, ", ").by_language if texts else None


def _as_text(code: str) -> LocalizedText:
    return localized(lambda _: code)


def _ranks(
    content: Content, rows: list[_Row], split: list[str]
) -> dict[tuple[str, str, tuple[str, ...]], tuple[int, int]]:
    """Return the rank of each series' newest figure among the list's areas, and their number.

    Areas that are groups of others are ranked with none. `rows` and `split` are those of `_rows`.
    """
    codelist = content.registries.codelists.get(content.dataset.geography.codelist)
    if codelist is None:
        return {}
    groups = {code for code, group in codelist.areas_grouped if group}
    single = codelist.codes.keys() - groups
    newest = {(row.vintage, row.key, row.periods[-1]) for row in rows}
    peers: dict[tuple[str, tuple[str, ...], str], list[float]] = defaultdict(list)
    for vintage, key, iso, area, value in _points(content, rows, split):
        if area in single and (vintage, key, iso) in newest:
            peers[vintage, key, iso].append(value)
    for values in peers.values():
        values.sort()
    ranks = {}
    for row in rows:
        values = peers[row.vintage, row.key, row.periods[-1]]
        if row.area in single and len(values) >= PEERS:
            rank = 1 + len(values) - bisect_right(values, row.values[-1])
            ranks[row.area, row.vintage, row.key] = (rank, len(values))
    return ranks


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
