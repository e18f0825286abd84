"""What a dataset is about: the city, provinces, the country or the world, and the city's figure."""

from collections.abc import Collection
from datetime import date
from typing import Literal

from model.reference.city import city
from model.reference.codelist import TOTAL, CodeEntry, vintage_day
from model.reference.periods import missing_before, period_end, period_start
from model.reference.registries import Registries
from model.util.sql import identifier
from model.util.text import Frozen, LocalizedText
from portal.content import Content
from portal.vocabulary import BREAK

Scope = Literal["city", "provinces", "country", "world"]
COUNT = "count"  # the unit of things that the indicator's name tells
POINTS = 60  # of the line beside the figure
# The order of periods of one frequency in SQL: year to date, P9M is before P10M.
NEWEST_LAST = "time_period[:10], length(time_period), time_period"

_Row = tuple[str, float, str, str]  # period, value, status, vintage of the borders


class CityFigure(Frozen):
    """The newest figure of the city itself in a dataset, of one indicator."""

    indicator: LocalizedText
    unit: LocalizedText | None  # None where the indicator's name says what is counted
    decimals: int
    period: str
    value: float
    status: str
    vintage: str  # of the city's borders
    before: tuple[str, float] | None  # the period before with a value, and that value
    first: str  # the oldest period of the same borders
    points: tuple[float | None, ...]  # of the same borders, at most POINTS; None: missing periods
    former: date | None = None  # when the borders changed, where the figure is by those before


def scope_of(content: Content) -> Scope:
    """Return what the figures of `content` are about, by the areas that have some."""
    known, (home, *around) = _areas(content), home_areas() or ("",)
    used = {code: known.get(code) for code in content.codes_used["ref_area"]}
    if used and all(home in (code, entry and entry.parent) for code, entry in used.items()):
        return "city"
    national = home in known
    kinds = {entry.kind if entry else "" for entry in used.values()}
    if (used and set(used) <= set(around)) or (national and kinds <= {"country", "region"}):
        return "country"
    return "provinces" if national else "world"


def borders_changed(content: Content, periods: Collection[str]) -> date | None:
    """Return the day on which the city's borders changed, where `periods` reach over it.

    It is that of the codelist of city.yaml. None for a `content` about other borders or none.
    """
    concerned = scope_of(content) in ("city", "provinces") and _present_borders(content)
    return change_within(content.registries, periods) if concerned else None


def _present_borders(content: Content) -> date | None:
    """Return since when the city's borders are what they are; None for areas of another kind."""
    area = city().area
    lists = content.registries.codelists
    now = lists.get(area.codelist) if area else None
    own = lists.get(content.dataset.geography.codelist)
    if not (now and own) or own.vintage.rpartition(":")[0] != now.vintage.rpartition(":")[0]:
        return None
    return vintage_day(now.vintage)


def change_within(registries: Registries, periods: Collection[str]) -> date | None:
    """Return the day on which the city's borders changed, where `periods` reach over it.

    `registries` have the city's successions.
    """
    area = city().area
    now = registries.codelists.get(area.codelist) if area else None
    day = vintage_day(now.vintage) if now else None
    if not (day and periods):
        return None
    return day if period_start(min(periods)) < day <= period_end(max(periods)) else None


def home_areas() -> tuple[str, ...]:
    """Return the codes of the city and of what it lies in; none where city.yaml has none."""
    area = city().area
    return (area.code, *area.within) if area else ()


def home_area() -> str:
    """Return the code of the city; "", which no area has, where city.yaml has none."""
    return next(iter(home_areas()), "")


def _areas(content: Content) -> dict[str, CodeEntry]:
    codelist = content.registries.codelists.get(content.dataset.geography.codelist)
    return codelist.codes if codelist else {}


def city_figures(content: Content) -> tuple[CityFigure, ...]:
    """Return the city's newest figure of each indicator in `content`, the chart's one first.

    Other dimensions are at their total, or as the chart has them; an indicator for which that
    leaves no single figure is left out, as are targets and projections. Figures within other
    borders are not mixed in.
    """
    home = home_area()
    if home not in _areas(content):
        return ()
    declared = dict(content.dataset.chart.where) if content.dataset.chart else {}
    tests, values = [], []
    for name in content.dataset.dimensions:
        used = content.codes_used[name]
        if name not in declared and TOTAL not in used and len(used) != 1:
            return ()  # no total: no single figure stands for the city
        tests.append(f"{identifier(name)} = ?")
        values.append(declared.get(name, TOTAL if TOTAL in used else used[0]))
    where = " AND ".join(["ref_area = ?", "freq = ?", *tests])
    rows = content.query(
        "SELECT indicator, time_period, obs_value, coalesce(obs_status, 'A'), geo_vintage FROM t"
        f" WHERE {where} AND obs_value IS NOT NULL ORDER BY {NEWEST_LAST}",
        "data.parquet", home, content.dataset.frequency, *values,
    )
    by_indicator: dict[str, list[_Row]] = {}
    for indicator, *row in rows:
        by_indicator.setdefault(indicator, []).append(tuple(row))
    expected = content.dataset.projections
    order = [
        code for code in content.codes_used["indicator"]
        if code in by_indicator and code not in expected
    ]
    first = content.dataset.chart.indicator if content.dataset.chart else None
    order.sort(key=lambda code: code != first)
    return tuple(_figure(content, code, by_indicator[code]) for code in order)


def _figure(content: Content, indicator: str, rows: list[_Row]) -> CityFigure:
    period, value, status, vintage = rows[-1]
    same = [row for row in rows if row[3] == vintage]
    since, day = _present_borders(content), vintage_day(vintage)
    meaning = content.dataset.indicators[indicator]
    comparable = len(same) > 1 and status != BREAK
    return CityFigure(
        indicator=meaning.name,
        unit=None if meaning.unit == COUNT else content.registries.units[meaning.unit].name,
        decimals=meaning.decimals, period=period, value=value, status=status, vintage=vintage,
        before=(same[-2][0], same[-2][1]) if comparable else None, first=same[0][0],
        points=with_gaps([row[:3] for row in same])[-POINTS:],
        former=since if since and day and day < since else None,
    )


def with_gaps(figures: list[tuple[str, float, str]]) -> tuple[float | None, ...]:
    """Return the values of `figures` (period, value, status), a None for each missing period.

    One also stands before a break in the series: no line leads over it.
    """
    gaps = missing_before([period for period, _, _ in figures])
    found: list[float | None] = []
    for gap, (_, value, status) in zip(gaps, figures, strict=True):
        broken = bool(found) and status == BREAK
        found += [*[None] * min(max(gap, broken), POINTS), value]
    return tuple(found)
