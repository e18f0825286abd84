"""The pages of targets: scorecard, indicators of the sectors, method, and one page each."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from model.reference.codelist import vintage_in_words
from model.reference.targets import SectorIndicator, Target
from model.util.languages import languages
from model.util.text import LocalizedText, localized
from portal.rendering import formatting
from portal.rendering.environment import render_template
from portal.site_folder.shared_page import SharedPage
from portal.targets import chart, exports
from portal.targets.assessment import Assessment, goal_of
from portal.targets.projection import HORIZON, LEAST, calibration
from portal.targets.view import TargetsView, figure_query
from portal.targets.words import WORDS, say
from portal.vocabulary import FREQUENCIES

TEMPLATES = Path(__file__).resolve().parent / "templates"
INDEX, METHOD, INDICATORS = "targets/index.html", "targets/method.html", "targets/indicators.html"


def _target_page(target: str) -> str:
    """Return the path of a target's page, from the pages of a language."""
    return f"targets/{target}.html"


def pages(view: TargetsView, base_url: str | None) -> Iterator[SharedPage]:
    """Yield every page of targets in each language; `base_url` is the site's address, if known."""
    for language in languages():
        def page(
            path: str, template: str, make: Any = None, language: str = language
        ) -> SharedPage:
            return SharedPage(
                f"{language}/{path}", view.inputs,
                partial(_render, view, template, path, language, base_url, make),
            )

        yield page(INDEX, "scorecard.html", _scorecard)
        yield page(INDICATORS, "sector_indicators.html", _indicators)
        yield page(METHOD, "method.html", _method)
        for target in view.registries.targets.targets.values():
            yield page(_target_page(target.id), "target.html", partial(_target, target))


def without_figures(base_url: str | None) -> Iterator[SharedPage]:
    """Yield what stands in the scorecard's place in a site that measures no target."""
    for language in languages():
        yield SharedPage(f"{language}/{INDEX}", "", partial(
            render_template, TEMPLATES, "without_figures.html", language, root="../../", page=INDEX,
            preview=False, base_url=base_url, say=say,
        ))


def _render(
    view: TargetsView, template: str, path: str, language: str, base_url: str | None, make: Any
) -> bytes:
    return render_template(
        TEMPLATES, template, language, root="../../", page=path, preview=False, base_url=base_url,
        say=say, words=WORDS, view=view, **make(view, language),
    )


def _scorecard(view: TargetsView, language: str) -> dict[str, Any]:
    counts = {each.group: each for each in view.assessed.roll_ups(view.registries.sectors)}
    wanted = {
        sector.id: sum(each.measured_by is None for each in view.indicators_of(sector.id))
        for sector in view.registries.sectors.values()
    }
    return {
        "counts": counts, "groups": view.groups(), "wanted": wanted, "row": partial(
            _row, view, language
        ), "json": exports.JSON, "csv": exports.CSV,
    }


def _row(view: TargetsView, language: str, found: Assessment) -> dict[str, Any]:
    """Return what a line of the scorecard says of a target."""
    target, newest = found.target, found.newest
    decimals = view.decimals(found)
    return {
        "target": target, "found": found, "document": view.registries.targets.documents[
            target.document],
        "value": _value(view, target, language), "newest": newest,
        "figure": formatting.number(newest.value, language, decimals) if newest else "",
        "proof": figure_query(found.source, newest.year) if newest and found.source else "",
    }


def _value(view: TargetsView, target: Target, language: str) -> str:
    """Return a target's value with its operator and unit."""
    if target.value is None or target.unit is None:
        return ""
    unit = view.registries.units[target.unit]
    number = formatting.number_in_full(target.value, language)
    words = WORDS.operators[target.operator].get(language)
    if target.unit == "count":
        return f"{words} {number}"
    symbol = unit.symbol.get(language) if target.unit == "percent" and unit.symbol else ""
    name = symbol or unit.name.get(language)
    return f"{words} {number}{'' if name.startswith('%') else ' '}{name}"


def _indicators(view: TargetsView, language: str) -> dict[str, Any]:
    names = [(each.id, each.title) for each in view.registries.sectors.values()]
    groups = [*names, ("", WORDS.groups["city"])]
    return {"sectors": [
        (group, title, [_template(view, each, language) for each in found])
        for group, title in groups if (found := view.indicators_of(group or None))
    ]}


def _template(view: TargetsView, each: SectorIndicator, language: str) -> dict[str, Any]:
    """Return an indicator by the official template; what a dataset measures is the dataset's."""
    state = view.states.get(each.measured_by.dataset) if each.measured_by else None
    found = next(
        (item for item in state.indicators if item.code == each.measured_by.indicator), None
    ) if state and each.measured_by else None
    empty = LocalizedText(vi="–", en="–")
    code = localized(lambda _: each.measured_by.indicator if each.measured_by else each.id)
    unit = each.unit or (found.unit if found else None)
    frequency = each.frequency or (state.frequency if state else None)
    concept = (found.definition if found else None) or (state.method if state else None)
    return {
        "id": each.id, "code": each.code, "state": state, "indicator": found,
        "wanted": each.measured_by is None,
        "name": each.name or (found.name if found else code),
        "definition": each.definition or concept or empty,
        "unit": view.registries.units[unit].name if unit else empty,
        "breakdown": each.breakdown or (state.coverage if state else empty),
        "frequency": FREQUENCIES[frequency] if frequency else empty,
        "source": each.source or (state.title if state else empty),
        "agency": each.agency or (state.publisher if state else empty),
    }


def _method(view: TargetsView, language: str) -> dict[str, Any]:
    found = calibration()
    columns = [
        *((say("half", number=at + 1), each) for at, each in enumerate(found["halves"])),
        *([(say("corpus"), found["corpus"])] if "corpus" in found else []),
    ]
    return {
        "textbook": formatting.number(100 * found["textbook"], language),
        "columns": columns, "horizons": [str(at) for at in range(1, HORIZON + 1)],
    }


def _target(target: Target, view: TargetsView, language: str) -> dict[str, Any]:
    found, known = view.assessment(target), view.registries.targets
    decimals = view.decimals(found)
    goal = goal_of(view.registries, target, target.value) if target.value is not None else None

    def number(value: float) -> str:
        return formatting.number(value, language, decimals)

    state = view.states.get(found.source.dataset) if found.source else None
    codelist = view.registries.codelists[target.area.codelist]
    last = found.projection[-1] if found.projection else None
    where = ""
    if last and goal:
        ends = {goal.is_met(last.low), goal.is_met(last.high)}
        where = "within" if len(ends) > 1 else "above" if ends == {True} else "below"
    line = known.amended(target)
    return {
        "target": target, "found": found, "document": known.documents[target.document],
        "row": _row(view, language, found), "number": number, "state": state,
        "summary": view.summary(found.source),
        "indicator": known.indicators.get(target.indicator or ""),
        "area": codelist.codes[target.area.code].name, "borders": vintage_in_words(
            codelist.vintage),
        "wide": chart.lay_out(found, chart.WIDE, language, decimals),
        "narrow": chart.lay_out(found, chart.NARROW, language, decimals),
        "proof": lambda year: figure_query(found.source, year) if found.source else "",
        "last": last, "where": where, "least": LEAST, "horizon": HORIZON,
        "amended": line if len(line) > 1 else [], "valid_from": known.valid_from,
        "changes": view.changes[target.id], "because": exports.because,
        "rate": lambda rate: formatting.number(100 * rate, language, 2),
        "unit": view.registries.units[target.unit].name if target.unit else None,
    }
