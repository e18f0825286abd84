"""The files that all datasets share: catalogue pages, the DCAT catalogue and the assets.

They are made from the `dataset.json` and `dcat.jsonld` of every dataset in the site's folder, and
nothing else.
"""

from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from model.reference.city import Theme, city
from model.reference.registries import Registries, Sector
from model.util.hashing import (
    has_checksum,
    pretty_json,
    sealed,
    sha256_bytes,
    sha256_file,
    sha256_json,
)
from model.util.languages import default_language, languages
from model.util.text import LocalizedText, fold
from portal import attach
from portal.changes import change_set
from portal.changes.feeds import ReleaseNews, release_feed
from portal.metadata import dcat
from portal.rendering.environment import render_template
from portal.site.explorer import pages as explorer
from portal.site.pages import dataset_page
from portal.site.shared_pages import catalogue, guide, reconciliation, revisions, search
from portal.site.state import CatalogueState, DatasetState, all_datasets, read_state

STATE = "catalogue.json"
ASSETS = Path(__file__).resolve().parent.parent / "assets"
_ALL_RELEASES = LocalizedText(vi="Các bản phát hành", en="Releases")


def render(
    folder: Path, registries: Registries, site_version: str, preview: bool, base_url: str | None
) -> dict[str, bytes]:
    """Return every shared file of a site's `folder`: path in the site -> bytes; the state is last.

    `registries` name sectors and publishers, `site_version` is that of the site's code, a `preview`
    shows drafts, and `base_url` is its address on the web with a slash at the end, if known. Raises
    PortalError where a dataset's `dcat.jsonld` cannot be read.
    """
    states = all_datasets(folder)
    files: dict[str, bytes] = {
        f"assets/{path.name}": path.read_bytes() for path in sorted(ASSETS.iterdir())
    }
    files["assets/style.css"] += _colours()
    offered = [state for state in states if not state.withdrawn]
    withdrawn = sorted((state for state in states if state.withdrawn), key=_title)
    files["catalog.jsonld"] = _dcat(folder, offered, registries, base_url)
    sectors = _by_sector(offered, registries)
    pairs = reconciliation.pairs(folder, offered, registries)
    revised = revisions.compare(offered)
    for language in languages():
        files[f"{language}/index.html"] = catalogue.render_catalogue(
            sectors, withdrawn, language, preview, base_url
        )
        files[f"{language}/city.html"] = catalogue.render_city(sectors, language, base_url)
        files[f"{language}/reconciliation.html"] = reconciliation.render(
            pairs, registries.reconciliation_notes.values(), language, base_url
        )
        files[f"{language}/revisions.html"] = revisions.render(revised, language, base_url)
        files |= guide.render(language, base_url)
    files |= explorer.render(sectors, registries, preview, base_url)
    files |= _feeds(sectors, base_url)
    files[change_set.SCHEMA] = change_set.schema()
    files[search.PATH] = search.index(offered, registries)
    files |= _for_crawlers([*files], offered, base_url)
    files["index.html"] = render_template(catalogue.TEMPLATES, "landing.html", default_language())
    # Web servers send it for any address, so its links start at the site's own path.
    root = urlsplit(base_url or "/").path
    files["404.html"] = render_template(
        catalogue.TEMPLATES, "not_found.html", default_language(), root=root
    )
    sql = attach.statements(_attachable(offered), base_url)
    if not preview:
        files[attach.FILE] = _database(folder, sql)
    state = CatalogueState(
        database=sha256_json(sql), site_version=site_version,
        datasets={
            item.dataset: sha256_file(folder / "datasets" / item.dataset / "dataset.json")
            for item in states
        },
        pages={path: sha256_bytes(data) for path, data in files.items()},
    )
    files[STATE] = sealed(pretty_json(state)).encode()
    return files


def _attachable(states: list[DatasetState]) -> list[attach.Attachable]:
    """Return the releases whose figures are public, oldest first."""
    return [
        attach.Attachable(
            state.dataset, state.title.get(default_language()), item.number, item.version,
            item.issued, file.sha256,
        )
        for state in states if state.public for item in state.releases
        for file in item.files if file.name == f"{state.name}.parquet"
    ]


def _database(folder: Path, sql: list[str]) -> bytes:
    """Return the database to attach: the one that stands in `folder` where this `sql` made it."""
    before, path = read_state(CatalogueState, folder / STATE), folder / attach.FILE
    if before and before.database == sha256_json(sql) and has_checksum(
        path, before.pages.get(attach.FILE, "")
    ):
        return path.read_bytes()
    return attach.write(sql, folder)


def _feeds(
    sectors: list[tuple[Sector, list[DatasetState]]], base_url: str | None
) -> dict[str, bytes]:
    """Return the feeds of releases of all datasets, and of each sector: path -> bytes."""
    news = {
        sector.id: [
            ReleaseNews(
                state.dataset, state.title, item.number, item.version, item.issued, item.reason,
                item.changes,
            )
            for state in members for item in state.releases
        ]
        for sector, members in sectors
    }
    of = {f"{sector.id}/": (sector.title, news[sector.id]) for sector, _ in sectors}
    of[""] = _ALL_RELEASES, [item for items in news.values() for item in items]
    return {
        path: release_feed(path, title, items, language, base_url)
        for folder, (title, items) in of.items() for language in languages()
        for path in [f"{language}/{folder}releases.atom"]
    }


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
