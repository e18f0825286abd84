"""The pages on which all datasets are listed: the catalogue, and the city's newest figures."""

from pathlib import Path

from model.reference.registries import Sector
from model.util.languages import default_language
from model.util.text import LocalizedText, fold
from portal.rendering.environment import render_template
from portal.site import chart
from portal.site.shared_pages import search
from portal.site.state import DatasetState
from portal.vocabulary import FREQUENCIES, SCOPES

TEMPLATES = Path(__file__).resolve().parent / "templates"


def render_catalogue(
    sectors: list[tuple[Sector, list[DatasetState]]], withdrawn: list[DatasetState], language: str,
    preview: bool, base_url: str | None,
) -> bytes:
    """Render the catalogue in a `language`; a `preview` says that the site shows drafts.

    `sectors` come with their datasets, the `withdrawn` ones apart; `base_url` is the site's address
    on the web, with a slash at the end, if known.
    """
    states = [state for _, members in sectors for state in members]
    return render_template(
        TEMPLATES, "catalogue.html", language, root="../", page="index.html", sectors=sectors,
        states=states, withdrawn=withdrawn, preview=preview, base_url=base_url,
        rows=sum(state.rows for state in states),
        indicators=sum(len(state.indicators) for state in states),
        updated=max((state.issued for state in states), default=None),
        headlines=_headlines(sectors), facets=_facets(sectors, states), sparkline=chart.sparkline,
        search_index=search.PATH,
    )


def render_city(
    sectors: list[tuple[Sector, list[DatasetState]]], language: str, base_url: str | None
) -> bytes:
    """Render the page of the city in a `language`: the newest figure of every indicator.

    `sectors` come with their datasets; `base_url` is as for `render_catalogue`.
    """
    known = [(sector, [each for each in members if each.city]) for sector, members in sectors]
    return render_template(
        TEMPLATES, "city.html", language, root="../", page="city.html", preview=False,
        base_url=base_url, sectors=[(sector, members) for sector, members in known if members],
        sparkline=chart.sparkline,
    )


def _facets(
    sectors: list[tuple[Sector, list[DatasetState]]], states: list[DatasetState]
) -> dict[str, dict[str, LocalizedText]]:
    """Return what a search can be narrowed to: field of the index -> value -> its text."""
    scopes = {state.scope for state in states}
    frequencies = {state.frequency for state in states}
    return {
        "sector": {sector.id: sector.title for sector, _ in sectors},
        "scope": {key: text for key, text in SCOPES.items() if key in scopes},
        "publisher": _choices(states, "publisher"),
        "frequency": {key: text for key, text in FREQUENCIES.items() if key in frequencies},
        "licence": _choices(states, "licence"),
    }


def _choices(states: list[DatasetState], field: str) -> dict[str, LocalizedText]:
    """Return the texts of a `field` that the datasets have, by id, in the order of the texts."""
    found = {getattr(state, f"{field}_id"): getattr(state, field) for state in states}
    return dict(sorted(found.items(), key=lambda item: fold(item[1].get(default_language()))))


def _headlines(
    sectors: list[tuple[Sector, list[DatasetState]]]
) -> list[tuple[Sector, DatasetState]]:
    """Return the dataset of each sector whose city figure stands for it.

    It is the one that declares so, else one of whole periods, the one with the newest figure, the
    longest series.
    """
    def merit(state: DatasetState) -> tuple[bool, bool, str, int]:
        figure = state.city[0]
        return state.leads, state.frequency != "YTD", figure.period, len(figure.points)

    known = [(sector, [each for each in members if each.city]) for sector, members in sectors]
    return [(sector, max(members, key=merit)) for sector, members in known if members]
