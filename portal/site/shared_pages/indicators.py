"""The pages of indicators: what is measured, in which datasets, for the city and its country.

Datasets that declare the same code for an indicator are on one page. Where name, definition or unit
differ, it is another measure: it has a section and a chart of its own, and what differs is said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from model.reference.registries import Registries, Sector
from model.util.hashing import sha256_json
from model.util.languages import languages
from model.util.text import fold
from portal.charts.series import MAX_LINES, ChartSeries, Plot, series_of
from portal.rendering import formatting
from portal.rendering.environment import render_template
from portal.scope import change_within, home_areas
from portal.site.figure import drawing
from portal.site.shared_pages.catalogue import TEMPLATES
from portal.site.shared_pages.figures import Listed, PlaceSeries
from portal.site.shared_pages.places import CITY_PAGE, Gazetteer
from portal.site.shared_pages.reconciliation import Pair, as_released
from portal.site_folder.shared_page import SharedPage
from portal.site_folder.state import DatasetState, IndicatorSummary
from portal.targets.words import say
from portal.vocabulary import FREQUENCIES

PAGE = "indicators/{code}.html"


@dataclass(frozen=True)
class Use:
    """A dataset's figures of an indicator."""

    listed: Listed
    indicator: IndicatorSummary

    @property
    def measures(self) -> list[int]:
        """The numbers of what the dataset measures of it."""
        return [
            number for number, measure in enumerate(self.listed.figures.measures)
            if measure.indicator == self.indicator.code
        ]

    @property
    def has_figures(self) -> bool:
        """Whether the dataset has a figure of it, or may: it is not public. Many declare it."""
        return bool(self.measures) or not self.listed.state.public

    @property
    def definition(self) -> tuple[Any, ...]:
        """What two datasets must have in common to measure the same."""
        return self.indicator.name, self.indicator.unit, self.indicator.definition

    def home_keys(self) -> list[tuple[str, str]]:
        """Return area and vintage of the city's lines and its country's, in this order."""
        order = {area: at for at, area in enumerate(home_areas())}
        keys = [key for key in self.listed.figures.places if key[0] in order]
        return sorted(keys, key=lambda key: (order[key[0]], key[1]))

    def home_series(self) -> list[tuple[str, str, PlaceSeries]]:
        """Return area, vintage and series of the first measure that the city or country has."""
        found = [
            (area, vintage, each) for area, vintage in self.home_keys()
            for each in self.listed.figures.series(area, vintage) if each.measure in self.measures
        ]
        first = min((each.measure for _, _, each in found), default=None)
        return [item for item in found if item[2].measure == first]


_Line = tuple[Use, str, str, PlaceSeries]  # area, vintage


def pages(
    gazetteer: Gazetteer, listed: Sequence[Listed], pairs: Sequence[Pair], base_url: str | None
) -> Iterator[SharedPage]:
    """Yield the page of every indicator that the `listed` datasets declare, in each language.

    `gazetteer` has their places, `pairs` are the figures that differ between sources, and
    `base_url` is the site's address on the web, with a slash at the end, if known.
    """
    uses: dict[str, list[Use]] = {}
    for each in listed:
        for indicator in each.state.indicators:
            uses.setdefault(indicator.code, []).append(Use(each, indicator))
    for code, declaring in uses.items():
        members = [use for use in declaring if use.has_figures] or declaring
        concerned = [pair for pair in pairs if _concerns(pair, members)]
        inputs = sha256_json([
            concerned and [repr(pair) for pair in concerned],
            [[use.listed.sha256, *(
                use.listed.figures.places[key][1].hex() for key in use.home_keys()
            )] for use in members],
        ])
        for language in languages():
            yield SharedPage(
                f"{language}/{PAGE.format(code=code)}", inputs,
                partial(_render, gazetteer, code, members, concerned, language, base_url),
            )


def index(
    sectors: Sequence[tuple[Sector, Sequence[DatasetState]]], base_url: str | None
) -> Iterator[SharedPage]:
    """Yield the list of all indicators in each language.

    `sectors` come with their datasets; `base_url` is as for `pages`.
    """
    by_sector = [
        (sector, {each.code: each for state in members for each in state.indicators})
        for sector, members in sectors
    ]
    inputs = sha256_json([
        (sector.id, [(code, each.name.by_language) for code, each in known.items()])
        for sector, known in by_sector
    ])
    for language in languages():
        render = partial(_render_index, by_sector, language, base_url)
        yield SharedPage(f"{language}/indicators.html", inputs, render)


def _render_index(
    by_sector: list[tuple[Sector, dict[str, IndicatorSummary]]], language: str,
    base_url: str | None,
) -> bytes:
    return render_template(
        TEMPLATES, "indicators.html", language, root="../", page="indicators.html", preview=False,
        base_url=base_url, sectors=[
            (sector, sorted(known.values(), key=lambda each: fold(each.name.get(language))))
            for sector, known in by_sector
        ],
    )


def _concerns(pair: Pair, members: list[Use]) -> bool:
    sides = (as_released(pair.declared.published), as_released(pair.declared.other))
    return any(
        side and side.dataset == use.listed.state.dataset and side.indicator == use.indicator.code
        for side in sides for use in members
    )


def _render(
    gazetteer: Gazetteer, code: str, members: list[Use], pairs: list[Pair], language: str,
    base_url: str | None,
) -> bytes:
    registries = gazetteer.registries
    groups: dict[Any, list[Use]] = {}
    for use in members:
        groups.setdefault(use.definition, []).append(use)
    sections = []
    ordered = sorted(groups.values(), key=lambda uses: -len(uses))
    first = ordered[0][0].indicator
    for uses in ordered:
        indicator = uses[0].indicator
        sections.append({
            "indicator": indicator, "unit": registries.units[indicator.unit],
            "uses": [_described(gazetteer, use) for use in uses],
            "figures": _figures(registries, uses, language),
            "differs": _differences(first, indicator), "methods": _methods(uses, language),
        })
    page = PAGE.format(code=code)
    return render_template(
        TEMPLATES, "indicator.html", language, root="../../", page=page, preview=False,
        base_url=base_url, code=code, indicator=first, sections=sections, pairs=pairs,
        targets=[
            target for use in members
            for target in registries.targets.of_figure(use.listed.state.dataset, code)
        ], say_targets=say,
        unit=registries.units[first.unit],
        json_ld={
            "@context": "https://schema.org", "@type": "StatisticalVariable",
            "name": first.name.get(language), "identifier": code,
            **({"description": first.definition.get(language)} if first.definition else {}),
            **({"url": f"{base_url}{language}/{page}"} if base_url else {}),
        },
    )


def _methods(uses: list[Use], language: str) -> dict[str, dict[tuple[str, ...], None]]:
    """Return what the datasets of `uses` say of method and caveats, each once, by their titles.

    Datasets may share a title: those that a publisher made anew, say.
    """
    found: dict[str, dict[tuple[str, ...], None]] = {}
    for state in (use.listed.state for use in uses):
        if said := tuple(text.get(language) for text in (state.method, state.notes) if text):
            found.setdefault(state.title.get(language), {})[said] = None
    return found


def _differences(first: IndicatorSummary, other: IndicatorSummary) -> list[str]:
    """Return in what another measure of the same code differs from the `first`."""
    return [
        field for field in ("name", "definition", "unit")
        if getattr(first, field) != getattr(other, field)
    ]


def _described(gazetteer: Gazetteer, use: Use) -> dict[str, Any]:
    """Return what the page says of a dataset: places, periods, and the newest figure."""
    figures = use.listed.figures
    measures = [figures.measures[number] for number in use.measures]
    newest = [
        {
            "area": gazetteer.registries.codelists[use.listed.state.codelist].codes[area].name,
            "page": CITY_PAGE if area == home_areas()[0] else f"places/country/{area}",
            "vintage": vintage, "period": each.periods[-1], "value": each.values[-1],
            "status": each.statuses[-1],
        }
        for area, vintage, each in use.home_series()
    ]
    return {
        "state": use.listed.state, "newest": newest, "decimals": use.indicator.decimals,
        "areas": max((measure.areas for measure in measures), default=0),
        "first": min((measure.first for measure in measures), default=None),
        "last": max((measure.last for measure in measures), default=None),
    }


def _figures(registries: Registries, uses: list[Use], language: str) -> list[dict[str, Any]]:
    """Return the charts of a measure, one for each frequency: the city beside its country."""
    found = []
    ordered = sorted(uses, key=lambda use: use.listed.state.frequency)
    several = len({use.listed.state.frequency for use in uses}) > 1
    for freq, members in groupby(ordered, lambda use: use.listed.state.frequency):
        lines = _of_one_size([(use, *each) for use in members for each in use.home_series()])
        # Charts of one page give the city within its present borders the same colour: the first.
        lines.sort(key=lambda line: (line[2], line[-1].periods[-1]), reverse=True)
        lines.sort(key=lambda line: line[1] != home_areas()[0])
        if lines:
            said = [FREQUENCIES[freq].get(language)] if several else []
            found.append(_figure(registries, lines, freq, language, said))
    return [each for each in found if each]


def _of_one_size(lines: list[_Line]) -> list[_Line]:
    """Leave out what would flatten the city's line, as a country's counts do; rates stay.

    The explorer draws the line at the same four times (selection.js).
    """
    home = [line for line in lines if line[1] == home_areas()[0]]
    most = max((abs(value) for *_, each in home for value in each.values), default=None)
    return lines if most is None else [
        line for line in lines if line in home or max(map(abs, line[-1].values)) < 4 * most
    ]


def _continued(lines: list[_Line]) -> list[list[_Line]]:
    """Make one line of what a publisher gives out in a dataset for each year.

    Where two datasets have the same period they are two editions, and stay two lines.
    """
    def of(line: _Line) -> tuple[Any, ...]:
        use, area, vintage, each = line
        breakdown = use.listed.figures.measures[each.measure].breakdown
        return use.listed.state.publisher_id, area, vintage, breakdown

    found: list[list[_Line]] = []
    for line in lines:
        for parts in found:
            known = {period for *_, each in parts for period in each.periods}
            if of(parts[0]) == of(line) and known.isdisjoint(line[-1].periods):
                parts.append(line)
                break
        else:
            found.append([line])
    return found


def _apart(parts: list[_Line], alike: list[list[_Line]], language: str) -> str:
    """Return what tells a line from those `alike`, of the same place: the publisher or the span."""
    if len(alike) == 1:
        return ""
    publisher = parts[0][0].listed.state.publisher_id
    if sum(each[0][0].listed.state.publisher_id == publisher for each in alike) == 1:
        return f", {parts[0][0].listed.state.publisher.get(language)}"
    periods = sorted({period for *_, each in parts for period in each.periods})
    return f", {formatting.span(periods[0], periods[-1], language)}"


def _figure(
    registries: Registries, lines: list[_Line], freq: str, language: str, said: list[str]
) -> dict[str, Any] | None:
    indicator = lines[0][0].indicator
    drawn = _continued(lines)[:MAX_LINES]
    home = [vintage for _, area, vintage, _ in lines if area == home_areas()[0]]
    names: dict[tuple[str, str], str] = {}
    series: list[ChartSeries] = []
    for parts in drawn:
        use, area, vintage, _ = parts[0]
        name = registries.codelists[use.listed.state.codelist].codes[area].name.get(language)
        name += _apart(parts, [each for each in drawn if each[0][1:3] == (area, vintage)], language)
        # The country's borders are the same in all lists: they are no reason to tell lines apart.
        borders = vintage if area == home_areas()[0] or not home else home[0]
        code = area if (area, borders) not in names else f"{area}-{len(names)}"
        series += series_of([
            (code, borders, *row, "") for *_, each in parts
            for row in zip(each.periods, each.values, each.statuses, strict=True)
        ])
        names[code, borders] = name
    periods = [point.period for each in series for point in each.points]
    measure = lines[0][0].listed.figures.measures[lines[0][-1].measure]
    plot = Plot(
        indicator.code, "ref_area", {}, tuple(series), freq, of=len({each.code for each in series}),
        borders=change_within(registries, periods) if home else None,
    )
    if plot.bars:  # of one period: the table says it
        return None
    return drawing(
        plot, language, indicator.decimals, lambda each: names[each.code, each.vintage],
        name=indicator.name.get(language), definition="",
        unit=registries.units[indicator.unit].name.get(language),
        fixed=[*said, *([measure.breakdown[language]] if measure.breakdown else [])],
        footnotes=[], problem="",
    )
