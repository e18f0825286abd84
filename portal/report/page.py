"""The report as a page of HTML: what was found, in the words of templates/report.html."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from model.reference.city import city
from portal.charts import chart
from portal.charts.series import ChartSeries, Plot, Point
from portal.rendering import formatting
from portal.rendering.environment import environment
from portal.report.findings import Findings, IndicatorResult, is_final
from portal.site_folder.state import DatasetState
from portal.targets.assessment import NOT_FINAL, Assessment, RollUp
from portal.targets.figures import YEARLY, FigureKey, YearFigure
from portal.targets.words import WORDS

TEMPLATES = Path(__file__).resolve().parent / "templates"
BARS = 440  # pixels of the longest bar
LARGEST = 8  # changes that are listed
SMALLEST = 0.1  # relative changes below it are not
COLOURS = {"met": "#0b6e4f", "on_track": "#2b7a9b", "behind": "#e0a458", "no_data": "#d5d9db"}
_NAMELESS = ("count", "rank")  # units that the name of what is measured tells
_ACTUAL, _TARGETS = "actual", "targets"


def render(found: Findings, language: str) -> str:
    """Return the report on what was `found`, in a `language`, as HTML."""
    texts = environment(TEMPLATES, language)
    numbers = {table.dataset: number for number, table in enumerate(found.tables, start=1)}
    every = [*found.now.assessments]
    judged = [each for each in every if each.verdict != "no_data" and each.group != "country"]
    texts.filters.update(
        figure=lambda value: formatting.axis_number(value, language, 2, compact=False),
        in_full=lambda value: formatting.number_in_full(value, language),
    )
    documents = found.registries.targets.documents
    used = {each.target.document for each in every}
    html: str = texts.get_template("report.html").render(
        f=found, title=title_of(found, language), city=city(), theme=city().theme,
        words=WORDS, colours=COLOURS,
        all=found.roll_ups[-1], judged=judged, rows=_rows(found, language),
        charts={group.id: _charts(group.assessments, found, language) for group in found.groups},
        numbers=numbers, states=found.states, documents=documents,
        used_documents=[each for name, each in documents.items() if name in used],
        noted=[each for name, each in documents.items() if name in used and each.note],
        noted_datasets=_noted(found),
        reasons=Counter(each.reason for each in every if each.reason).most_common(),
        caveats=[each for each in every if each.target.caveat],
        not_final=_not_final(found), largest=_largest(found), annex=_annex(found),
        proof=lambda source, figure: _proof(found, source, figure, language), final=is_final,
        unit=lambda name: _unit(found, name, language),
    )
    return html


def title_of(found: Findings, language: str) -> str:
    """Return the title of the report on what was `found`, in a `language`."""
    module: Any = environment(TEMPLATES, language).get_template("words.html").module
    return str(module.title(found.year))


def _proof(found: Findings, source: FigureKey, figure: YearFigure, language: str) -> str:
    """Return the address of a figure's page, with its place in the source; "" if not known."""
    if not found.address:
        return ""
    key = {
        "dataset": source.dataset, "release": source.release, "indicator": source.indicator,
        "ref_area": source.ref_area, "geo_vintage": source.geo_vintage, **source.where,
        "freq": YEARLY, "time_period": figure.year,
    }
    return f"{found.address}{language}/figure.html?{urlencode(key)}#proof"


def _unit(found: Findings, name: str | None, language: str) -> str:
    """Return a unit behind a number: `%` close to it, others after a blank."""
    unit = found.registries.units.get(name or "")
    if unit is None or unit.id in _NAMELESS:
        return ""
    text = (unit.symbol or unit.name).get(language)
    return text if text.startswith("%") else f" {text}"


def _rows(found: Findings, language: str) -> list[dict[str, Any]]:
    """Return the groups with their counts, and the parts of their bars."""
    counted = {each.group: each for each in found.roll_ups}
    most = max((each.targets for name, each in counted.items() if name != "all"), default=1)
    rows = []
    for group in found.groups:
        counts = counted.get(group.id)
        if counts is None:
            continue
        title = (group.title or WORDS.groups[group.id]).get(language)
        rows.append({"title": title, "counts": counts, "parts": _parts(counts, BARS / most)})
    return rows


def _parts(counts: RollUp, scale: float) -> list[dict[str, Any]]:
    parts, x = [], 0.0
    for verdict in COLOURS:
        count: int = getattr(counts, verdict)
        parts.append({"verdict": verdict, "count": count, "x": round(x, 1),
                      "width": round(count * scale, 1)})
        x += count * scale
    return parts


def _charts(
    assessments: Iterable[Assessment], found: Findings, language: str
) -> list[dict[str, Any]]:
    """Return a chart of each indicator that has figures in two years, with its targets."""
    charts = []
    by_indicator: dict[str, list[Assessment]] = {}
    for each in assessments:
        if len(each.figures) > 1 and each.target.value is not None and each.target.indicator:
            by_indicator.setdefault(each.target.indicator, []).append(each)
    for targets in by_indicator.values():
        first = targets[0]
        plot = Plot(
            indicator=first.target.indicator or "", column=_ACTUAL, fixed={}, freq="A", of=2,
            series=(
                ChartSeries(_ACTUAL, "", tuple(
                    Point(each.year, str(each.year), each.value, each.status, at > 0)
                    for at, each in enumerate(first.figures)
                )),
                ChartSeries(_TARGETS, "", tuple(
                    Point(year, str(year), value, "F", joined=False)
                    for year, value in sorted({
                        (each.target.year, float(each.target.value or 0)) for each in targets
                    })
                )),
            ),
        )
        charts.append({
            "newest": formatting.axis_number(first.figures[-1].value, language, 2, compact=False),
            "title": first.target.title.get(language),
            "unit": found.registries.units[first.target.unit or ""].name.get(language),
            "layout": chart.lay_out_lines(
                plot, chart.NARROW, lambda series: series.code, language, 0
            ),
        })
    return charts


def _not_final(found: Findings) -> list[tuple[Any, Any]]:
    """Return the figures that may still change, each once, with the name of what they are of."""
    listed: dict[tuple[str, int], tuple[Any, Any]] = {}
    for each in found.now.assessments:
        if each.newest and each.newest.status in NOT_FINAL and each.verdict != "no_data":
            key = (each.target.title.get("en"), each.newest.year)
            listed[key] = (each.target.title, each.newest)
    return list(listed.values())


def _largest(found: Findings) -> list[IndicatorResult]:
    """Return the indicators that changed most since the year before, apart from the targets'."""
    targets = {each.target.indicator for each in found.now.assessments}
    changed = [
        each for group in found.groups for each in group.with_figures
        if each.id not in targets and each.change is not None
        and abs(each.change) >= SMALLEST and each.newest and each.newest.year == found.year
    ]
    return sorted(changed, key=lambda each: -abs(each.change or 0))[:LARGEST]


def _noted(found: Findings) -> list[DatasetState]:
    """Return the datasets that a verdict rests on and that readers must know something about."""
    used = {each.source.dataset for each in found.now.assessments
            if each.source and each.verdict != "no_data"}
    return [found.states[name] for name in sorted(used) if found.states[name].notes]


def _annex(found: Findings) -> list[dict[str, Any]]:
    """Return the figures that the report shows, a line for each series, in the sectors' order."""
    tables = {table.dataset: table for table in found.tables}
    listed: dict[str, dict[str, Any]] = {}
    for group in found.groups:
        drawn = [
            (each.target.title, each.source, each.figures[-2:]) for each in group.assessments
            if each.source and each.figures
        ] + [
            (each.name, each.series.source, [item for item in (each.before, each.newest) if item])
            for each in group.with_figures if each.series
        ]
        for name, source, figures in drawn:
            where = "".join(f" {column}={code}" for column, code in source.where.items())
            key = f"{source.dataset} {source.indicator} {source.ref_area}"
            listed.setdefault(key + where, {
                "name": name, "key": f"{key} {figures[-1].year}{where}", "figures": figures,
                "source": source,
                "table": tables[source.dataset],
            })
    return list(listed.values())
