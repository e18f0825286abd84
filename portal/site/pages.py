"""The site's pages, rendered: releases and summaries in, bytes of HTML out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from model.records.quality_dimension import worst_first
from model.reference.registries import Sector
from model.util.languages import languages
from model.util.text import LocalizedText, fold
from portal.content import Content
from portal.distributions.registry import with_distributions
from portal.metadata.identifiers import dataset_urn
from portal.rendering.environment import render_template
from portal.rendering.quality_body import quarantined_rows
from portal.site import chart
from portal.site.figure import figure
from portal.site.series import plots
from portal.site.state import DatasetState, ReleaseState
from portal.site.tables import in_language, read_tables

FIRST_QUARANTINED = 20
DATASET_PAGE = "{language}/{dataset}.html"  # path in the site
TEMPLATES = Path(__file__).resolve().parent / "templates"


def dataset_page(dataset: str, language: str) -> str:
    """Return the path of a `dataset`'s page in a `language` in the site."""
    return DATASET_PAGE.format(language=language, dataset=dataset)


def render_catalogue(
    sectors: list[tuple[Sector, list[DatasetState]]],
    withdrawn: list[DatasetState],
    language: str,
    preview: bool,
) -> bytes:
    """Render the catalogue in a `language`; a `preview` says that the site shows drafts.

    `sectors` come with their datasets, the `withdrawn` ones apart.
    """
    states = [state for _, members in sectors for state in members]
    return render_template(
        TEMPLATES, "catalogue.html", language,
        root="../", page="index.html", sectors=sectors, states=states, withdrawn=withdrawn,
        preview=preview,
        rows=sum(state.rows for state in states),
        indicators=sum(len(state.indicators) for state in states),
        updated=max((state.issued for state in states), default=None),
        search_text=_search_text, sparkline=chart.sparkline,
    )


def _search_text(state: DatasetState, sector: Sector) -> str:
    """Return the text that a search looks through: all names of a dataset, folded."""
    texts = (state.title, state.description, state.publisher, sector.title, *state.indicators)
    said = [
        word for language in languages()
        for word in (*(text.get(language) for text in texts), *state.keywords.get(language))
    ]
    return fold(" ".join([*said, state.dataset]))


def render_dataset(
    content: Content, releases: list[ReleaseState], preview: bool
) -> dict[str, bytes]:
    """Render the page of the current release in each language: path in the site -> bytes.

    `releases` are all of `content`'s dataset as the site offers them, oldest first; in a `preview`
    the current one is a draft.
    """
    drawn = plots(content) if content.public else []
    tables = read_tables(content)
    offered = with_distributions(releases[-1].files, content.dataset)
    return {
        dataset_page(content.dataset.id, language): render_template(
            TEMPLATES, "dataset.html", language, **_frame(content, releases, preview),
            checks=worst_first(content.quality.checks),
            figures=[figure(content, plot, language) for plot in drawn],
            downloads=[
                {"file": file, "title": form.title, "purpose": form.purpose}
                for file, form in offered
            ],
            columns=content.published_columns,
            quarantined=(
                quarantined_rows(content, language, FIRST_QUARANTINED) if content.public else []
            ),
            json_ld=_schema_org(content, releases, language),
            **in_language(content, tables, language),
        )
        for language in languages()
    }


def render_withdrawn(content: Content, releases: list[ReleaseState]) -> dict[str, bytes]:
    """Render the page of a dataset that `content` withdraws; `releases` as for `render_dataset`."""
    return {
        dataset_page(content.dataset.id, language): render_template(
            TEMPLATES, "withdrawn.html", language, **_frame(content, releases, preview=False),
            decision=content.release.decision,
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
        "releases": releases[::-1],
        "sector": content.registries.sectors[dataset.sector],
        "folder": f"../../datasets/{dataset.id}/",
        "urn": dataset_urn(dataset.id),
        "preview": preview,
    }


def _schema_org(content: Content, releases: list[ReleaseState], language: str) -> dict[str, Any]:
    """Describe the dataset for search engines (https://schema.org/Dataset)."""
    dataset, release = content.dataset, content.release

    def organisation(name: LocalizedText, url: Any) -> dict[str, str]:
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
