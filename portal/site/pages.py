"""The pages, rendered: release and summaries in, bytes of HTML out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from model.records.quality_dimension import OUTCOMES, SEVERITIES, worst_first
from model.records.reject_reasons import in_words
from model.records.release import FileRecord
from model.util.sql import identifier
from model.util.text import LANGUAGES, Bilingual, fold, plain
from portal.content import Content
from portal.distributions.registry import distribution_of
from portal.metadata.identifiers import dataset_urn
from portal.metadata.vocabulary import FREQUENCIES, REASONS
from portal.site import chart, formatting
from portal.site.series import Plot, Point, Series, plots
from portal.site.state import DatasetState, ReleaseState
from portal.site.words import words

DATASET_PAGE = "{language}/{dataset}.html"  # path in the site
FIRST_ROWS = 20
FIRST_CHANGES = 50
FIRST_HELD = 20
CHART_TABLE_ROWS = 120  # the newest periods; the downloads have all
_TEMPLATES = Path(__file__).resolve().parent / "templates"


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    other = "en" if language == "vi" else "vi"
    environment.globals.update(
        t=words(language), language=language, other=other, t_other=words(other),
        frequencies=FREQUENCIES, reasons=REASONS, outcomes=OUTCOMES, severities=SEVERITIES,
    )
    environment.filters.update(
        text=lambda value: value.get(language),
        number=lambda value, decimals=0: formatting.number(value, language, decimals),
        points=lambda value: formatting.points(value, language),
        day=lambda value: formatting.day(value, language),
        period=lambda value: plain(formatting.period(value, language)),
        span=lambda first, last: plain(formatting.span(first, last, language)),
        size=lambda value: formatting.size(value, language),
        duration=lambda value: formatting.duration(value, language),
        plain=lambda value: plain(str(value)),
        fold=fold,
    )
    return environment


def render_template(template: str, language: str, **values: Any) -> bytes:
    """Render one of the templates in a language."""
    return _environment(language).get_template(template).render(values).encode()


def dataset_page(dataset: str, language: str) -> str:
    """Return the path of a dataset's page in the site."""
    return DATASET_PAGE.format(language=language, dataset=dataset)


def render_landing() -> bytes:
    """Render `index.html`, which leads to the Vietnamese catalogue."""
    return render_template("landing.html", "vi", english=words("en"))


def render_catalogue(
    sectors: list[tuple[Any, list[DatasetState]]],
    withdrawn: list[DatasetState],
    language: str,
    preview: bool,
) -> bytes:
    """Render the catalogue; `sectors` are (sector, its datasets)."""
    states = [state for _, members in sectors for state in members]
    return render_template(
        "catalogue.html", language,
        root="../", page="index.html", sectors=sectors, states=states, withdrawn=withdrawn,
        preview=preview,
        rows=sum(state.rows for state in states),
        indicators=sum(len(state.indicators) for state in states),
        updated=max((state.issued for state in states), default=None),
        search_text=_search_text, sparkline=chart.sparkline,
    )


def _search_text(state: DatasetState, sector: Any) -> str:
    """Return what a search looks through: everything that names a dataset, without marks."""
    texts = (state.title, state.description, state.publisher, sector.title, *state.indicators)
    words_ = [text.get(language) for text in texts for language in LANGUAGES]
    return fold(" ".join([*words_, *state.keywords.vi, *state.keywords.en, state.dataset]))


def render_dataset(
    content: Content, releases: list[ReleaseState], preview: bool
) -> dict[str, bytes]:
    """Render a dataset's page in each language.

    Args:
        content: the current release.
        releases: all releases as the site offers them, oldest first.
        preview: the current release is a draft.

    Returns:
        path in the site -> bytes
    """
    drawn = plots(content) if content.public else []
    shared = {
        **_frame(content, releases, preview),
        "checks": worst_first(content.quality.checks),
    }
    tables = _tables(content) if content.public else {"rows": [], "changes": [], "held": []}
    return {
        dataset_page(content.dataset.id, language): render_template(
            "dataset.html", language, **shared,
            figures=[_figure(content, plot, language) for plot in drawn],
            downloads=[_download(content, file, language) for file in releases[-1].files],
            columns=content.dataset.columns,
            first_rows=[_row(content, row, language) for row in tables["rows"]],
            changes=[_change(content, row, language) for row in tables["changes"]],
            quarantined=[_held(content, row, language) for row in tables["held"]],
            json_ld=_schema_org(content, releases, language),
        )
        for language in LANGUAGES
    }


def render_withdrawn(content: Content, releases: list[ReleaseState]) -> dict[str, bytes]:
    """Render what stays of a withdrawn dataset, in each language.

    Args:
        content: the release that withdrew it.
        releases: all releases, oldest first.

    Returns:
        path in the site -> bytes
    """
    return {
        dataset_page(content.dataset.id, language): render_template(
            "withdrawn.html", language, **_frame(content, releases, preview=False),
            decision=content.release.decision,
        )
        for language in LANGUAGES
    }


def _frame(content: Content, releases: list[ReleaseState], preview: bool) -> dict[str, Any]:
    """Return what every page about one dataset needs."""
    dataset = content.dataset
    return {
        "root": "../../",
        "page": f"{dataset.id}.html",
        "content": content,
        "dataset": dataset,
        "release": content.release,
        "releases": releases[::-1],
        "sector": content.registries.sectors[dataset.sector],
        "folder": f"../../datasets/{dataset.id}/",
        "urn": dataset_urn(dataset.id),
        "preview": preview,
    }


def _tables(content: Content) -> dict[str, list[dict[str, Any]]]:
    """Read the few rows of each table that a page shows."""
    columns = content.dataset.columns
    key = content.dataset.key
    change_columns = ("change", *key, "old_value", "new_value", "unit_measure")
    held_columns = (
        "indicator", "ref_area", "time_period", "_part", "_row", "_column", "reasons",
    )
    changes = []
    if content.release.number > 1:
        changes = _dicts(
            content, "changes.parquet", change_columns,
            "ORDER BY CASE change WHEN 'revised' THEN 1 WHEN 'withdrawn' THEN 2 ELSE 3 END,"
            f" {', '.join(map(identifier, key))} LIMIT {FIRST_CHANGES}",
        )
    return {
        "rows": _dicts(content, "data.parquet", columns, f"LIMIT {FIRST_ROWS}"),
        "changes": changes,
        "held": content.quarantined(held_columns, FIRST_HELD),
    }


def _dicts(
    content: Content, table: str, columns: tuple[str, ...], tail: str
) -> list[dict[str, Any]]:
    names = ", ".join(map(identifier, columns))
    rows = content.query(f"SELECT {names} FROM t {tail}", table)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _shown(content: Content, row: Mapping[str, Any], column: str, language: str) -> str:
    """Return a cell for people: the code's name, the period in words, the figure's decimals."""
    value = row[column]
    if value is None:
        return ""
    if column == "time_period":
        return plain(formatting.period(value, language))
    if isinstance(value, str):
        return plain(content.label(column, value, language))
    indicator = content.dataset.indicators.get(row.get("indicator") or "")
    return formatting.number(value, language, indicator.decimals if indicator else 2)


def _row(content: Content, row: dict[str, Any], language: str) -> dict[str, Any]:
    return {
        "status": row["obs_status"],
        "cells": [
            {
                "column": name,
                "text": _shown(content, row, name, language),
                "code": row[name] if isinstance(row[name], str) else "",
            }
            for name in content.dataset.columns
        ],
    }


def _change(content: Content, row: dict[str, Any], language: str) -> dict[str, Any]:
    show = partial(_shown, content, row, language=language)
    dimensions = [show(column=name) for name in content.dataset.dimensions]
    return {
        "kind": row["change"],
        "change": show(column="change"),
        "indicator": show(column="indicator"),
        "where": ", ".join([show(column="ref_area"), *dimensions]),
        "period": show(column="time_period"),
        "old": show(column="old_value"),
        "new": show(column="new_value"),
        "unit": show(column="unit_measure"),
    }


def _held(content: Content, row: dict[str, Any], language: str) -> dict[str, Any]:
    titles = {check.name: check.title for check in content.quality.checks}
    reasons = [in_words(reason, titles).get(language) for reason in row["reasons"] or ()]
    known = ("indicator", "ref_area", "time_period")
    what = [_shown(content, row, name, language) for name in known]
    return {
        "part": plain(row["_part"] or ""),
        "row": row["_row"],
        "column": plain(row["_column"] or ""),
        "what": ", ".join(text for text in what if text),
        "reasons": reasons,
    }


def _download(content: Content, file: FileRecord, language: str) -> dict[str, Any]:
    form = distribution_of(file.name, content.dataset)
    return {
        "file": file,
        "title": form.title.get(language) if form else file.name,
        "purpose": form.purpose.get(language) if form else "",
    }


def _figure(content: Content, plot: Plot, language: str) -> dict[str, Any]:
    """Return what templates/figure.html draws of a plot."""
    indicator = content.dataset.indicators[plot.indicator]
    vintages = {series.vintage for series in plot.series}

    def label(series: Series) -> str:
        name = plain(content.label(plot.column, series.code, language))
        return f"{name} ({series.vintage})" if len(vintages) > 1 else name

    lay_out: Callable[..., Any] = chart.lay_out_bars if plot.bars else chart.lay_out_lines
    arguments = (label, language, indicator.decimals)
    points = [point for series in plot.series for point in series.points if point.value is not None]
    ordered = sorted(points, key=lambda point: point.at)
    unit = content.registries.units[indicator.unit].name
    fixed = [
        f"{content.column(name).title.get(language)}: "
        f"{plain(content.label(name, code, language))}"
        for name, code in plot.fixed.items()
    ]
    return {
        "id": plot.indicator,
        "name": indicator.name.get(language),
        "definition": indicator.definition.get(language) if indicator.definition else "",
        "unit": unit.get(language),
        "column": content.column(plot.column).title.get(language).lower(),
        "fixed": fixed,
        "bars": plot.bars,
        "wide": lay_out(plot, chart.WIDE, *arguments),
        "narrow": lay_out(plot, chart.NARROW, *arguments),
        "labels": [label(series) for series in plot.series],
        "table": _chart_table(plot, indicator.decimals, language),
        "hollow": any(point.status in chart.NOT_FINAL for point in points),
        "span": formatting.span(ordered[0].period, ordered[-1].period, language),
    }


def _chart_table(
    plot: Plot, decimals: int, language: str
) -> list[tuple[str, list[str]]]:
    """Return a chart's figures as text: newest period first, a column for each series."""
    values = [{p.period: p for p in series.points} for series in plot.series]
    periods = {p.period: p.at for series in plot.series for p in series.points}
    newest = sorted(periods, key=lambda iso: (-periods[iso], iso))[:CHART_TABLE_ROWS]

    def cell(point: Point | None) -> str:
        if point is None or point.value is None:
            return "–"
        return formatting.number(point.value, language, decimals)

    return [
        (formatting.period(iso, language), [cell(found.get(iso)) for found in values])
        for iso in newest
    ]


def _schema_org(
    content: Content, releases: list[ReleaseState], language: str
) -> dict[str, Any]:
    """Describe the dataset for search engines (https://schema.org/Dataset)."""
    dataset, release = content.dataset, content.release

    def organisation(name: Bilingual, url: Any) -> dict[str, str]:
        return {"@type": "Organization", "name": name.get(language), "url": str(url)}

    return {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "@id": dataset_urn(dataset.id),
        "name": dataset.title.get(language),
        "description": dataset.description.get(language),
        "inLanguage": language,
        "version": str(release.number),
        "datePublished": releases[0].issued.isoformat(),
        "dateModified": release.issued.isoformat(),
        "license": str(content.licence.url),
        "keywords": list(dataset.keywords.get(language)),
        "creator": organisation(content.publisher.name, content.publisher.homepage),
        "spatialCoverage": dataset.geography.coverage.get(language),
        "variableMeasured": [item.name.get(language) for item in dataset.indicators.values()],
        "isAccessibleForFree": content.public,
    }
