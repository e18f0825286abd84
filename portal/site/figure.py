"""The figures of a dataset's page: a laid-out chart with its words and its table of values."""

from collections.abc import Callable
from typing import Any

from model.util.text import plain
from portal.content import Content
from portal.rendering import formatting
from portal.site import chart
from portal.site.series import Plot, Point, Series

TABLE_ROWS = 120  # the newest periods; the downloads have all


def figure(content: Content, plot: Plot, language: str) -> dict[str, Any]:
    """Return what templates/figure.html draws of a `plot` of `content` in a `language`."""
    indicator = content.dataset.indicators[plot.indicator]
    vintages = {series.vintage for series in plot.series}

    def label(series: Series) -> str:
        name = plain(content.names.label(plot.column, series.code, language))
        return f"{name} ({series.vintage})" if len(vintages) > 1 else name

    lay_out: Callable[..., Any] = chart.lay_out_bars if plot.bars else chart.lay_out_lines
    arguments = (label, language, indicator.decimals)
    points = [point for series in plot.series for point in series.points if point.value is not None]
    ordered = sorted(points, key=lambda point: point.at)
    fixed = [
        f"{content.names.column(name).title.get(language)}: "
        f"{plain(content.names.label(name, code, language))}"
        for name, code in plot.fixed.items()
    ]
    return {
        "name": indicator.name.get(language),
        "definition": indicator.definition.get(language) if indicator.definition else "",
        "unit": content.registries.units[indicator.unit].name.get(language),
        "fixed": fixed,
        "bars": plot.bars,
        "wide": lay_out(plot, chart.WIDE, *arguments),
        "narrow": lay_out(plot, chart.NARROW, *arguments),
        "labels": [label(series) for series in plot.series],
        "drawn": len({series.code for series in plot.series}),
        "of": plot.of,
        "table": _table(plot, indicator.decimals, language),
        "hollow": any(point.status in chart.NOT_FINAL for point in points),
        "span": formatting.span(ordered[0].period, ordered[-1].period, language),
    }


def _table(plot: Plot, decimals: int, language: str) -> list[tuple[str, list[str]]]:
    """Return a chart's figures as text: newest period first, a column for each series."""
    values = [{p.period: p for p in series.points} for series in plot.series]
    periods = {p.period: p.at for series in plot.series for p in series.points}
    newest = sorted(periods, key=lambda iso: (-periods[iso], iso))[:TABLE_ROWS]

    def cell(point: Point | None) -> str:
        if point is None or point.value is None:
            return "–"
        return formatting.number(point.value, language, decimals)

    return [
        (formatting.period(iso, language), [cell(found.get(iso)) for found in values])
        for iso in newest
    ]
