"""What a dataset is about: the city, provinces, the country or the world, and the city's figure."""

from __future__ import annotations

from typing import Literal

from model.reference.codelist import CodeEntry
from model.util.sql import identifier
from model.util.text import Frozen, LocalizedText
from portal.content import Content

DA_NANG = "48"  # Decision 19/2025/QD-TTg
CITY = LocalizedText(vi="Đà Nẵng", en="Da Nang")
TOTAL = "_T"  # SDMX: total
Scope = Literal["city", "provinces", "country", "world"]
POINTS = 60  # of the line beside the figure


class CityFigure(Frozen):
    """The newest figure of the city itself in a dataset, of the indicator that leads it."""

    indicator: LocalizedText
    unit: LocalizedText
    decimals: int
    period: str
    value: float
    status: str
    vintage: str  # of the city's borders
    before: tuple[str, float] | None  # the period before with a value, and that value
    points: tuple[float, ...]  # oldest first, of the same borders, at most POINTS


def scope_of(content: Content) -> Scope:
    """Return what the figures of `content` are about, by the areas that have some."""
    known = _areas(content)
    used = {code: known.get(code) for code in content.codes_used["ref_area"]}
    if used and all(DA_NANG in (code, entry and entry.parent) for code, entry in used.items()):
        return "city"
    national = DA_NANG in known
    kinds = {entry.kind if entry else "" for entry in used.values()}
    if set(used) <= {"VNM"} or (national and kinds <= {"country", "region"}):
        return "country"
    return "provinces" if national else "world"


def _areas(content: Content) -> dict[str, CodeEntry]:
    codelist = content.registries.codelists.get(content.dataset.geography.codelist)
    return codelist.codes if codelist else {}


def city_figure(content: Content) -> CityFigure | None:
    """Return the city's newest figure in `content`; None where the city has none.

    The indicator is the one that the chart draws first, else the first one with figures of the
    city. Other dimensions are at their total, or as the chart has them. Figures within other
    borders are not mixed in.
    """
    if DA_NANG not in _areas(content):
        return None
    chart = content.dataset.chart
    order = list(content.codes_used["indicator"])
    if chart and chart.indicator in order:
        order.insert(0, chart.indicator)
    for code in order:
        rows = _figures(content, code)
        if rows:
            return _figure(content, code, rows)
    return None


def _figures(content: Content, indicator: str) -> list[tuple[str, float, str, str]]:
    """Return the city's figures of an indicator: period, value, status, vintage; oldest first."""
    declared = dict(content.dataset.chart.where) if content.dataset.chart else {}
    tests, values = [], []
    for name in content.dataset.dimensions:
        used = content.codes_used[name]
        code = declared.get(name, TOTAL if TOTAL in used else used[0] if len(used) == 1 else None)
        if code is None:
            return []  # no total: no single figure stands for the city
        tests.append(f"{identifier(name)} = ?")
        values.append(code)
    where = " AND ".join(["indicator = ?", "ref_area = ?", "freq = ?", *tests])
    return content.query(
        "SELECT time_period, obs_value, coalesce(obs_status, 'A'), geo_vintage FROM t"
        f" WHERE {where} AND obs_value IS NOT NULL ORDER BY time_period",
        "data.parquet", indicator, DA_NANG, content.dataset.frequency, *values,
    )


def _figure(
    content: Content, indicator: str, rows: list[tuple[str, float, str, str]]
) -> CityFigure:
    period, value, status, vintage = rows[-1]
    same = [row for row in rows if row[3] == vintage]
    meaning = content.dataset.indicators[indicator]
    return CityFigure(
        indicator=meaning.name,
        unit=content.registries.units[meaning.unit].name,
        decimals=meaning.decimals,
        period=period, value=value, status=status, vintage=vintage,
        before=(same[-2][0], same[-2][1]) if len(same) > 1 else None,
        points=tuple(row[1] for row in same[-POINTS:]),
    )
