"""The pages on which all datasets are listed: the catalogue, and each sector in pages."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from model.reference.registries import Sector
from model.util.hashing import sha256_json
from model.util.languages import default_language, languages
from model.util.text import LocalizedText, fold, localized
from portal.charts import chart
from portal.rendering.environment import render_template
from portal.site import style
from portal.site.shared_pages.figures import Listed
from portal.site_folder.shared_page import SharedPage
from portal.site_folder.state import DatasetState
from portal.targets.assessment import RollUp
from portal.targets.words import WORDS, say
from portal.vocabulary import FREQUENCIES, FRESHNESS, KINDS, SCOPES

FIRST = 3  # datasets of a sector on the first page: a row of a wide screen
PER_PAGE = 100  # on its own
TEMPLATES = Path(__file__).resolve().parent / "templates"


def render_catalogue(
    sectors: list[tuple[Sector, list[DatasetState]]], withdrawn: list[DatasetState], language: str,
    preview: bool, base_url: str | None, targets: RollUp | None = None,
) -> bytes:
    """Render the catalogue in a `language`; a `preview` says that the site shows drafts.

    `sectors` come with their datasets, the `withdrawn` ones apart; `base_url` is the site's address
    on the web, with a slash at the end, if known. `targets` are the counts of the city's, if any.
    """
    states = [state for _, members in sectors for state in members]
    return render_template(
        TEMPLATES, "catalogue.html", language, root="../", page="index.html", sectors=sectors,
        states=states, withdrawn=withdrawn, preview=preview, base_url=base_url,
        rows=sum(state.rows for state in states),
        indicators=len({each.code for state in states for each in state.indicators}),
        updated=max((state.issued for state in states), default=None),
        headlines=_headlines(sectors), facets=_facets(sectors, states), sparkline=chart.sparkline,
        first=FIRST, targets=targets, verdicts=WORDS.verdicts, say_targets=say,
        style=style.of_home_page(),
    )


def sector_pages(
    sector: Sector, members: list[Listed], base_url: str | None, preview: bool,
    targets: tuple[str, ...],
) -> Iterator[SharedPage]:
    """Yield the pages that list all datasets of a `sector`, in pages of PER_PAGE.

    `members` are its datasets; `base_url` and `preview` are as for `render_catalogue`. `targets`
    names the pages of targets that have a section of the sector.
    """
    parts = [members[at : at + PER_PAGE] for at in range(0, len(members), PER_PAGE)]
    for number, part in enumerate(parts):
        inputs = sha256_json([len(members), targets, [each.sha256 for each in part]])
        page = f"{sector.id}/index{f'-{number + 1}' if number else ''}.html"
        for language in languages():
            yield SharedPage(
                f"{language}/{page}", inputs,
                partial(
                    render_template,
                    TEMPLATES, "sector.html", language, root="../../", page=page, sector=sector,
                    members=[each.state for each in part], count=len(members), number=number,
                    all=len(parts), preview=preview, base_url=base_url, sparkline=chart.sparkline,
                    targets=targets, say_targets=say,
                ),
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
        "kind": KINDS,
        "freshness": {key: FRESHNESS[key] for key in ("fresh", "late", "ended")},
        "grade": {grade: _same(grade) for grade in "ABCD"},
    }


def _same(text: str) -> LocalizedText:
    return localized(lambda _: text)


def _choices(states: list[DatasetState], field: str) -> dict[str, LocalizedText]:
    """Return the texts of a `field` that the datasets have, by id, in the order of the texts."""
    found = {getattr(state, f"{field}_id"): getattr(state, field) for state in states}
    return dict(sorted(found.items(), key=lambda item: fold(item[1].get(default_language()))))


def _headlines(
    sectors: list[tuple[Sector, list[DatasetState]]]
) -> list[tuple[Sector, DatasetState]]:
    """Return the dataset of each sector whose city figure stands for it.

    It is the one that declares so, else one of whole periods, the one with the newest figure,
    within the present borders, the longest series. One to which no figure is added any more stands
    for it only where all are so.
    """
    def merit(state: DatasetState) -> tuple[bool, bool, bool, str, bool, int]:
        figure = state.city[0]
        goes_on = not state.ended and state.freshness not in ("overdue", "dead")
        return (goes_on, state.leads, state.frequency != "YTD", figure.period, not figure.former,
                len(figure.points))

    known = [(sector, [each for each in members if each.city]) for sector, members in sectors]
    return [(sector, max(members, key=merit)) for sector, members in known if members]
