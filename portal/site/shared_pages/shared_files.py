"""The files that all datasets share: catalogue, places, indicators, search, DCAT and the assets.

They are made from what is in the folder of every dataset, `dataset.json`, `figures.tsv` and
`dcat.jsonld`, and nothing else. A page whose inputs have not changed is not made again.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from model.reference.city import Theme, city
from model.reference.registries import Registries, Sector
from model.util.hashing import has_checksum, pretty_json, sha256_bytes, sha256_file, sha256_json
from model.util.languages import default_language, languages
from model.util.text import fold
from portal.metadata import dcat
from portal.rendering.environment import render_template
from portal.site.pages import dataset_page
from portal.site.shared_pages import (
    catalogue,
    figures,
    indicators,
    place_pages,
    reconciliation,
    revisions,
    search,
)
from portal.site.shared_pages.figures import Listed
from portal.site.shared_pages.page import SharedPage
from portal.site.shared_pages.places import Gazetteer
from portal.site.state import CatalogueState, DatasetState, all_datasets, read_state

STATE = "catalogue.json"
ASSETS = Path(__file__).resolve().parent.parent / "assets"


class SharedFiles(NamedTuple):
    """What is to be done: the bytes of the files that changed, by path, and the pages that go.

    The state is the last of the files.
    """

    files: dict[str, bytes]
    gone: list[str]


def render(
    folder: Path, registries: Registries, site_version: str, preview: bool, base_url: str | None
) -> SharedFiles:
    """Return the shared files of a site's `folder`, of the pages only those that changed.

    `registries` name sectors and publishers, `site_version` is that of the site's code, a `preview`
    shows drafts, and `base_url` is its address on the web with a slash at the end, if known. Raises
    PortalError where a dataset's `dcat.jsonld` or `figures.tsv` cannot be read.
    """
    before = read_state(CatalogueState, folder / STATE)
    if before and before.site_version != site_version:
        before = before.model_copy(update={"inputs": {}})
    states = all_datasets(folder)
    checksums = {
        state.dataset: sha256_file(folder / "datasets" / state.dataset / "dataset.json")
        for state in states
    }
    files = dict(_always(folder, registries, states, base_url))
    paths, inputs = {path: sha256_bytes(data) for path, data in files.items()}, {}
    for page in _pages(folder, registries, states, checksums, preview, base_url):
        inputs[page.path] = page.inputs
        known = before.pages.get(page.path) if before else None
        if before and known and before.inputs.get(page.path) == page.inputs \
                and has_checksum(folder / page.path, known):
            paths[page.path] = known
        else:
            files[page.path] = page.make()
            paths[page.path] = sha256_bytes(files[page.path])
    offered = [state for state in states if not state.withdrawn]
    for path, data in _for_crawlers([*inputs], offered, base_url).items():
        files[path], paths[path] = data, sha256_bytes(data)
    state = CatalogueState(
        site_version=site_version, datasets=checksums, pages=paths, inputs=inputs
    )
    files[STATE] = pretty_json(state).encode()
    return SharedFiles(files, sorted(before.pages.keys() - paths.keys()) if before else [])


def _always(
    folder: Path, registries: Registries, states: list[DatasetState], base_url: str | None
) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of what is not worth to ask whether it changed."""
    for path in sorted(ASSETS.iterdir()):
        data = path.read_bytes()
        yield f"assets/{path.name}", data + _colours() if path.name == "style.css" else data
    offered = [state for state in states if not state.withdrawn]
    yield "catalog.jsonld", _dcat(folder, offered, registries, base_url)
    yield "index.html", render_template(catalogue.TEMPLATES, "landing.html", default_language())
    # Web servers send it for any address, so its links start at the site's own path.
    root = urlsplit(base_url or "/").path
    yield "404.html", render_template(
        catalogue.TEMPLATES, "not_found.html", default_language(), root=root
    )


def _pages(
    folder: Path, registries: Registries, states: list[DatasetState], checksums: dict[str, str],
    preview: bool, base_url: str | None,
) -> Iterator[SharedPage]:
    """Yield every page across datasets; a preview, which has few, has none of places."""
    offered = [state for state in states if not state.withdrawn]
    sectors = [
        (sector, [
            Listed(state, checksums[state.dataset],
                   figures.read(folder / "datasets" / state.dataset))
            for state in members
        ])
        for sector, members in _by_sector(offered, registries)
    ]
    listed = [each for _, members in sectors for each in members]
    withdrawn = sorted((state for state in states if state.withdrawn), key=_title)
    everything = sha256_json(checksums)
    gazetteer = Gazetteer(listed, registries)
    found = search.Found(listed, gazetteer)
    pairs = reconciliation.pairs(offered, registries)
    revised = revisions.compare(offered)
    plain = [(sector, [each.state for each in members]) for sector, members in sectors]
    notes = [*registries.reconciliation_notes.values()]
    for language in languages():
        made = {
            "index.html": partial(
                catalogue.render_catalogue, plain, withdrawn, language, preview, base_url),
            "indicators.html": partial(indicators.render_index, sectors, language, base_url),
            "reconciliation.html": partial(
                reconciliation.render, pairs, notes, language, base_url),
            "revisions.html": partial(revisions.render, revised, language, base_url),
            search.INDEX: partial(found.index, language),
            search.TEXTS: partial(found.texts, language),
        }
        for name, make in made.items():
            yield SharedPage(f"{language}/{name}", everything, make)
    for sector, members in sectors:
        yield from catalogue.sector_pages(sector, members, base_url, preview)
    if not preview:
        yield from place_pages.pages(gazetteer, base_url)
        yield from indicators.pages(gazetteer, listed, pairs, base_url)


def _colours() -> bytes:
    """Return the rule that gives the site the city's colours; none for the usual ones."""
    theme = city().theme
    if theme == Theme():
        return b""
    return (
        f":root {{ --sea: {theme.main}; --sea-dark: {theme.dark}; --sea-pale: {theme.pale};"
        f" --gold: {theme.accent}; }}\n"
    ).encode()


def _title(state: DatasetState) -> str:
    """Return what a dataset is sorted by."""
    return fold(state.title.get(default_language()))


def _for_crawlers(
    shared: list[str], states: list[DatasetState], base_url: str | None
) -> dict[str, bytes]:
    """Return `robots.txt`, and `sitemap.xml` where the site's address is known.

    Source: https://www.sitemaps.org/protocol.html, which wants absolute addresses.
    """
    if base_url is None:
        return {"robots.txt": b"User-agent: *\nAllow: /\n"}
    paths = [path for path in shared if path.endswith(".html")]
    paths += [dataset_page(state.dataset, code) for state in states for code in languages()]
    urls = "".join(f"<url><loc>{escape(base_url + path)}</loc></url>\n" for path in paths)
    return {
        "robots.txt": f"User-agent: *\nAllow: /\nSitemap: {base_url}sitemap.xml\n".encode(),
        "sitemap.xml": (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n'
        ).encode(),
    }


def _by_sector(
    states: list[DatasetState], registries: Registries
) -> list[tuple[Sector, list[DatasetState]]]:
    """Group the datasets by sector, both in the registry's order."""
    groups = []
    for sector in registries.sectors.values():
        members = [state for state in states if state.sector == sector.id]
        if members:
            groups.append((sector, sorted(members, key=_title)))
    return groups


def _dcat(
    folder: Path, states: list[DatasetState], registries: Registries, base_url: str | None
) -> bytes:
    graphs = [
        dcat.published_nodes(folder / "datasets" / state.dataset / "dcat.jsonld")
        for state in states
    ]
    home = f"{base_url or ''}index.html"
    of = city()
    publisher = registries.publishers[of.publisher] if of.publisher else None
    nodes = dcat.catalogue_nodes(of.site.title, of.site.lead, publisher, home, graphs)
    return pretty_json(dcat.document(nodes, base=base_url or "./")).encode()
