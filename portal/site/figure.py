"""The figures of a dataset's page: a laid-out chart with its words and its table of values."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from model.reference.codelist import vintage_day
from model.reference.periods import frequency_of, missing_before, next_period, period_end
from model.util.text import plain
from portal.charts import chart
from portal.charts.series import ChartSeries, Plot, Point, moment
from portal.content import Content
from portal.rendering import formatting
from portal.vocabulary import BREAK, sentence

TABLE_ROWS = 30  # the newest periods; the downloads have all


def figure(content: Content, plot: Plot, language: str) -> dict[str, Any]:
    """Return what templates/figure.html draws of a `plot` of `content` in a `language`."""
    indicator = content.dataset.indicators[plot.indicator]
    points = [point for series in plot.series for point in series.points]
    fixed = [
        f"{content.names.column(name).title.get(language)}: "
        f"{plain(content.names.label(name, code, language))}"
        for name, code in plot.fixed.items()
    ]
    return drawing(
        plot, language, indicator.decimals,
        lambda series: content.names.label(plot.column, series.code, language),
        name=indicator.name.get(language),
        definition=indicator.definition.get(language) if indicator.definition else "",
        unit=content.registries.units[indicator.unit].name.get(language), fixed=fixed,
        footnotes=_footnotes(content, points, language),
        proof=urlencode({
            "dataset": content.dataset.id, "release": content.release.number,
            "indicator": plot.indicator, "freq": plot.freq, **plot.fixed,
        }),
        series_keys=[
            urlencode({plot.column: each.code, "geo_vintage": each.vintage})
            for each in plot.series
        ],
    )


def drawing(
    plot: Plot, language: str, decimals: int, name_of: Callable[[ChartSeries], str], **words: Any
) -> dict[str, Any]:
    """Return what templates/figure.html draws of a `plot` in a `language`.

    `decimals` are those of the indicator, `name_of` names a series, and `words` are the texts of
    the template: name, definition, unit, what is fixed, footnotes; and, where each figure has a
    page, the parts of its address: `proof`, and `series_keys`.
    """
    vintages = {series.vintage for series in plot.series}

    def label(series: ChartSeries) -> str:
        name = plain(name_of(series))
        day = vintage_day(series.vintage)
        if len(vintages) == 1:
            return name
        since = formatting.day(day, language) if day else series.vintage
        said = "by borders"
        if plot.borders and len(vintages) == 2:  # short: beside a line there is little room
            said = "since borders" if day == plot.borders else "before borders"
            since = formatting.day(plot.borders, language)
        return sentence(said, name=name, since=since).get(language)

    lay_out: Callable[..., Any] = chart.lay_out_bars if plot.bars else chart.lay_out_lines
    arguments = (label, language, decimals)
    points = [point for series in plot.series for point in series.points]
    ordered = sorted(points, key=lambda point: point.at)
    return {
        "proof": "", "series_keys": [], **words,
        "bars": plot.bars,
        "wide": lay_out(plot, chart.WIDE, *arguments),
        "narrow": lay_out(plot, chart.NARROW, *arguments),
        "labels": [label(series) for series in plot.series],
        "drawn": len({series.code for series in plot.series}),
        "of": plot.of,
        "table": _table(plot, decimals, language),
        "hollow": any(point.status in chart.NOT_FINAL for point in points),
        "breaks": sorted({
            formatting.period(point.period, language) for point in points if point.status == BREAK
        }),
        "borders": plot.borders,
        # Whether all are by the borders before the change, all by those since, or some by each.
        "former": {vintage_day(vintage) != plot.borders for vintage in vintages},
        "span": formatting.span(ordered[0].period, ordered[-1].period, language),
    }


def _footnotes(content: Content, points: list[Point], language: str) -> list[tuple[str, str]]:
    """Return the footnotes of what is drawn, and of which periods each is where not of all."""
    periods: dict[str, set[str]] = {}
    for point in points:
        for name in point.footnotes.split():
            periods.setdefault(name, set()).add(point.period)
    every, found = {point.period for point in points}, []
    for name, note in content.dataset.footnotes.items():
        of = sorted(periods.get(name, ()), key=moment)
        if of:
            few = [formatting.period(iso, language) for iso in of]
            few = few if len(few) < 4 else [formatting.span(of[0], of[-1], language)]
            found.append((plain(note.get(language)), "" if {*of} == every else ", ".join(few)))
    return found


def _table(plot: Plot, decimals: int, language: str) -> list[dict[str, Any]]:
    """Return a chart's figures as text: newest period first, a cell for each series.

    Missing periods are a row of their own, as the line leaves them out.
    """
    values = [{point.period: point for point in series.points} for series in plot.series]
    periods = sorted({iso for known in values for iso in known}, key=lambda iso: (moment(iso), iso))
    rows: list[dict[str, Any]] = []
    gaps = missing_before(periods)
    for before, iso, gap in zip([*periods[-2::-1], ""], periods[::-1], gaps[::-1], strict=False):
        cells = [known.get(iso) for known in values]
        rows.append({
            "iso": iso, "period": formatting.period(iso, language),
            "former": bool(plot.borders and period_end(iso) >= plot.borders) and all(
                vintage_day(series.vintage) != plot.borders for series in plot.series
            ),
            "cells": [
                formatting.number(point.value, language, decimals) if point else "–"
                for point in cells
            ],
        })
        if gap and frequency_of(iso) != "YTD":
            missing = [next_period(before)]
            while next_period(missing[-1]) != iso:
                missing.append(next_period(missing[-1]))
            words = formatting.span(missing[0], missing[-1], language)
            rows.append({"iso": "", "period": words, "former": False, "cells": []})
        if len(rows) >= TABLE_ROWS:
            break
    return rows[:TABLE_ROWS]
