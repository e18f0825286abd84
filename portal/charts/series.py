"""The figures that a dataset's chart draws: one indicator, a few series, other columns fixed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any

from model.declarations.dataset import FOOTNOTES
from model.reference.codelist import TOTAL
from model.reference.periods import frequency_of, missing_before, period_start
from model.util.sql import identifier, literal
from portal.content import Content
from portal.scope import borders_changed, home_areas
from portal.vocabulary import BREAK

MAX_LINES = 6  # more colours cannot be distinguished
MAX_BARS = 15
CHARTS = 4  # of a page: a dozen would take 200 kB; the explorer draws any indicator
MAX_POINTS = 240  # of a line; more are thinned, keeping the extremes of each stretch


@dataclass(frozen=True)
class Point:
    """One figure on the chart.

    at: its period as a fractional year.
    joined: whether a line leads to it from the point before: not over missing periods, and not over
        a break in the series.
    """

    at: float
    period: str
    value: float
    status: str
    joined: bool = True
    footnotes: str = ""  # ids, separated by blanks


@dataclass(frozen=True)
class ChartSeries:
    """A line, or the bar of a single period: one code of the series column, in one vintage.

    Vintages of a geography are separate series: they are never joined by a line.
    """

    code: str
    vintage: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Plot:
    """What a chart draws of one indicator."""

    indicator: str
    column: str  # the column whose codes are the series
    fixed: dict[str, str]  # the other columns' codes
    series: tuple[ChartSeries, ...]
    freq: str
    of: int  # codes of the column that have figures, drawn or not
    borders: date | None = None  # when they changed, where the figures reach over that day
    gaps: tuple[int, ...] = ()  # the places of bars before which others are left out

    @property
    def bars(self) -> bool:
        """Whether there is only one period, so that bars compare better than lines."""
        return _is_bars(self.series)


def plots(content: Content, limit: int = CHARTS) -> list[Plot]:
    """Return the plots of at most `limit` indicators of `content`, the declared one first.

    Indicators without figures have none.
    """
    used = content.codes_used["indicator"]
    chart = content.dataset.chart
    first = [chart.indicator] if chart and chart.indicator in used else []
    order = [*first, *(code for code in used if code not in first)]
    found = (plot(content, code) for code in order[:limit])
    return [item for item in found if item is not None]


def plot(content: Content, indicator: str) -> Plot | None:
    """Choose what to draw of an `indicator` (its code) of `content`; None without figures."""
    chart = content.dataset.chart
    where = dict(chart.where) if chart else {}
    areas = chart.areas if chart else ()
    names = ["ref_area", *content.dataset.dimensions, "freq"]
    codes = _codes(content, indicator, names)
    if not codes["ref_area"]:
        return None
    declared = [area for area in areas if area in codes["ref_area"]]
    column = _series_column(content, codes, where, declared)
    fixed = {
        name: _fixed(found, where.get(name), content.dataset.frequency if name == "freq" else TOTAL)
        for name, found in codes.items()
        if name != column and found
    }
    if column != "ref_area" and declared:
        fixed["ref_area"] = declared[0]
    # A declared choice of areas holds for lines and for bars.
    keep = declared if column == "ref_area" else []
    found = series_of(_rows(content, indicator, column, fixed, keep))
    if column == "ref_area" and not declared:
        found = _ranked_alone(content, found)
    series = _chosen(found, declared)
    if not series:
        return None
    distinctive = {name: code for name, code in fixed.items() if len(codes[name]) > 1}
    return Plot(
        indicator, column, distinctive, tuple(series), fixed.get("freq", ""), of=len(codes[column]),
        borders=borders_changed(content, [p.period for each in series for p in each.points]),
        gaps=_gaps(found, series),
    )


def _is_bars(series: Sequence[ChartSeries]) -> bool:
    return len({p.period for each in series for p in each.points}) <= 1


def _ranked_alone(content: Content, series: list[ChartSeries]) -> list[ChartSeries]:
    """Leave out of bars the areas that are groups of others: the country would flatten them all.

    Where at most one area is none, groups are what there is to compare.
    """
    areas = content.registries.codelists.get(content.dataset.geography.codelist)
    groups = {code for code, group in areas.areas_grouped if group} if areas else set()
    single = [each for each in series if each.code not in groups]
    return single if _is_bars(series) and len(single) > 1 else series


def _gaps(found: list[ChartSeries], drawn: list[ChartSeries]) -> tuple[int, ...]:
    """Return the places of `drawn` bars before which others that were `found` are left out."""
    if not _is_bars(drawn):
        return ()
    order = sorted(found, key=_highest_first)
    places = [order.index(each) for each in drawn]
    return tuple(at for at, (one, two) in enumerate(pairwise(places), 1) if two != one + 1)


def _codes(content: Content, indicator: str, names: list[str]) -> dict[str, list[str]]:
    """Return the codes with figures in each column, most frequent first."""
    columns = [identifier(name) for name in names]
    rows = content.query(
        f"SELECT [{', '.join(f'grouping({column})' for column in columns)}],"
        f" coalesce({', '.join(columns)}), count(*) FROM t"
        " WHERE indicator = ? AND obs_value IS NOT NULL"
        f" GROUP BY GROUPING SETS ({', '.join(f'({column})' for column in columns)})",
        "data.parquet", indicator,
    )
    rows.sort(key=lambda row: (-row[2], row[1] is None, row[1] or ""))
    return {
        name: [code for others, code, _ in rows if not others[place]]
        for place, name in enumerate(names)
    }


def _series_column(
    content: Content, codes: dict[str, list[str]], where: dict[str, str], areas: list[str]
) -> str:
    """Return the column whose codes are the series: areas, or a dimension of a single area."""
    if len(areas) > 1 or (not areas and len(codes["ref_area"]) > 1):
        return "ref_area"
    for name in content.dataset.dimensions:
        if name not in where and len(codes[name]) > 1:
            return name
    return "ref_area"


def _fixed(found: list[str], declared: str | None, usual: str) -> str:
    for code in (declared, usual):
        if code in found:
            return str(code)
    return found[0]


def _rows(
    content: Content, indicator: str, column: str, fixed: dict[str, str], keep: list[str]
) -> list[Any]:
    """Return what `series_of` takes: figures of all codes of a `column`, or of those to `keep`."""
    tests = " AND ".join(["indicator = ?", *(f"{identifier(name)} = ?" for name in fixed)])
    if keep:
        tests += f" AND {identifier(column)} IN ({', '.join(map(literal, keep))})"
    notes = FOOTNOTES if FOOTNOTES in content.published_columns else "''"
    return content.query(
        f"SELECT {identifier(column)}, geo_vintage, time_period, obs_value,"
        f" coalesce(obs_status, 'A'), coalesce({notes}, '')"
        f" FROM t WHERE {tests} AND obs_value IS NOT NULL ORDER BY 1, 2, time_period",
        "data.parquet", indicator, *fixed.values(),
    )


def series_of(rows: list[Any]) -> list[ChartSeries]:
    """Return the series in `rows` of code, vintage, period, value, status, ids of footnotes."""
    points: dict[tuple[str, str], list[Point]] = {}
    for code, vintage, iso, value, status, notes in rows:
        point = Point(moment(iso), iso, value, status, footnotes=notes)
        points.setdefault((code, vintage), []).append(point)
    return [
        ChartSeries(code, vintage, tuple(thinned(_joined(sorted(found, key=lambda p: p.at)))))
        for (code, vintage), found in points.items()
    ]


def _joined(points: list[Point]) -> list[Point]:
    """Say of each point whether the line leads to it."""
    gaps = missing_before([point.period for point in points])
    return [
        replace(point, joined=not gap and point.status != BREAK and index > 0)
        for index, (point, gap) in enumerate(zip(points, gaps, strict=True))
    ]


def _chosen(series: list[ChartSeries], areas: list[str]) -> list[ChartSeries]:
    """Order the series and keep as many as can be distinguished."""
    if _is_bars(series):
        series = sorted(series, key=_highest_first)
        first = [s for s in series if s.code in home_areas()]
        others = [s for s in series if s not in first]
        free = max(MAX_BARS - len(first), 0)
        if len(others) > free:  # the highest and the lowest: a list of the best alone would flatter
            others = [*others[: free - free // 2], *others[len(others) - free // 2 :]]
        return [s for s in series if s in first[:MAX_BARS] or s in others]
    ranked = [*areas, *(code for code in home_areas() if code not in areas)]
    rank = {code: index for index, code in enumerate(ranked)}
    series = sorted(
        series, key=lambda s: (rank.get(s.code, len(rank)), -len(s.points), s.code, s.vintage)
    )
    return series[:MAX_LINES]


def moment(iso: str) -> float:
    """Return a period's position on the time axis: the fractional year of its beginning.

    Year to date: the beginning of its last month.
    """
    freq = frequency_of(iso)
    if freq is None:
        return float(iso[:4]) if iso[:4].isdigit() else 0.0
    start = period_start(iso)
    if freq == "YTD":
        return start.year + (int(iso.rsplit("P", 1)[1].removesuffix("M")) - 1) / 12
    return start.year + (start.timetuple().tm_yday - 1) / 366


def thinned(points: list[Point]) -> list[Point]:
    """Return at most MAX_POINTS points that draw the same line: extremes of each stretch."""
    if len(points) <= MAX_POINTS:
        return points
    step = len(points) * 2 / MAX_POINTS
    edges = [round(index * step) for index in range(MAX_POINTS // 2 + 1)]
    kept: list[Point] = []
    joined = True
    for start, end in pairwise(edges):
        known = points[start:end]
        ends = {min(known, key=_value), max(known, key=_value)}
        for point in known:
            joined = joined and point.joined  # over those left out, too
            if point in ends:
                kept.append(replace(point, joined=joined))
                joined = True
    return kept


def _value(point: Point) -> float:
    return point.value


def _highest_first(series: ChartSeries) -> float:
    return -series.points[-1].value
