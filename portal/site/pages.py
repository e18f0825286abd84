"""The pages of one dataset, rendered: its releases in, bytes of HTML out."""

from functools import partial
from pathlib import Path
from typing import Any

from model.records.quality_dimension import worst_first
from model.reference.city import city
from model.util.languages import languages
from portal.charts.series import Plot, plots
from portal.content import Content
from portal.distributions.registry import DISTRIBUTIONS, with_distributions
from portal.metadata import schema_org
from portal.metadata.identifiers import dataset_urn
from portal.rendering.environment import render_template
from portal.rendering.quality_body import quarantined_rows
from portal.scope import scope_of
from portal.site.figure import figure
from portal.site.tables import in_language, read_tables
from portal.site_folder.addresses import addresses, charts_page, dataset_page
from portal.site_folder.state import ReleaseState
from portal.targets.words import say
from portal.vocabulary import SCOPES, sentence

FIRST_QUARANTINED = 20
TEMPLATES = Path(__file__).resolve().parent / "templates"
NEWEST = 30  # releases in a dataset's page; the page of each leads to the one before


def render_dataset(
    content: Content, releases: list[ReleaseState], preview: bool, base_url: str | None = None,
    revisions: bool = False,
) -> dict[str, bytes]:
    """Render the page of the current release in each language, as HTML and as Markdown.

    With them comes a page of all charts where there are several.

    Returns path in the site -> bytes.

    `releases` are all of `content`'s dataset as the site offers them, oldest first; in a `preview`
    the current one is a draft. `base_url` is the site's address on the web, with a slash at the
    end, if known. `revisions` says that the dataset has a page of them.
    """
    drawn = plots(content) if content.public else []
    tables = read_tables(content)
    dataset, offered = content.dataset, with_distributions(releases[-1].files, content.dataset)
    rendered = {}
    for language in languages():
        values = {
            **_frame(content, releases, preview), **in_language(content, tables, language),
            "base_url": base_url, "columns": content.published_columns,
            "downloads": [
                {"file": file, "title": form.title, "purpose": form.purpose}
                for file, form in offered
            ],
            "too_large": [form for form in DISTRIBUTIONS if not form.holds(content)],
        }
        page = dataset_page(dataset.id, language)
        render = partial(
            render_template, TEMPLATES, "dataset.html", language, **values, revisions=revisions,
            checks=worst_first(content.quality.checks),
            quarantined=(
                quarantined_rows(content, language, FIRST_QUARANTINED) if content.public else []
            ),
            json_ld=schema_org.dataset(
                content, offered, releases[0].issued.isoformat(), language,
                addresses(dataset.id, language, base_url or "../../"),
            ),
        )
        figures = [
            {**figure(content, plot, language),
             "problem": _problem(content, plot, number, language, base_url)}
            for number, plot in enumerate(drawn)
        ]
        rendered[page] = render(figures=figures)
        if len(figures) > 1:  # on a page of their own: the dataset's is soon there on a slow line
            rendered[charts_page(dataset.id, language)] = render_template(
                TEMPLATES, "charts.html", language, **{
                    **values, "root": "../../../", "page": f"{dataset.id}/charts.html",
                }, figures=figures,
            )
        # For programs that read a page as text: language models above all.
        rendered[page.removesuffix("html") + "md"] = render_template(
            TEMPLATES, "dataset.md", language, **values
        )
    return rendered


def render_withdrawn(
    content: Content, releases: list[ReleaseState], base_url: str | None
) -> dict[str, bytes]:
    """Render the page of a dataset that `content` withdraws.

    `releases` and `base_url` are as for `render_dataset`.
    """
    return {
        dataset_page(content.dataset.id, language): render_template(
            TEMPLATES, "withdrawn.html", language, **_frame(content, releases, preview=False),
            decision=content.release.decision, base_url=base_url,
        )
        for language in languages()
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
        "releases": releases[:-NEWEST - 1:-1],
        "earlier": releases[:-NEWEST],
        "sector": content.registries.sectors[dataset.sector],
        "scope": SCOPES[scope_of(content)],
        "folder": f"../../datasets/{dataset.id}/",
        "urn": dataset_urn(dataset.id),
        "preview": preview,
        "targets": [] if preview else content.registries.targets.of_figure(dataset.id),
        "say_targets": say,
        **_quality(content),
    }


def _quality(content: Content) -> dict[str, Any]:
    """Return the scorecard of the day of the release, and what costs the most points, with it."""
    card = content.report.scorecard if content.report else None
    lost = [gain for gain in card.gains if gain.points >= 0.05] if card else []
    return {"card": card, "reason": lost[0] if lost else None}


def _problem(
    content: Content, plot: Plot, number: int, language: str, base_url: str | None
) -> str:
    """Return the link by which a reader reports a problem with the figures of a plot."""
    dataset = content.dataset
    indicator = dataset.indicators[plot.indicator].name
    page = (charts_page if number else dataset_page)(dataset.id, language)
    return city().site.problem_link(
        sentence("problem", title=dataset.title).get(language),
        sentence(
            "problem report", indicator=indicator, code=plot.indicator, dataset=dataset.id,
            release=content.release.number, address=f"{base_url or ''}{page}#chart-{number}",
        ).get(language),
    )
