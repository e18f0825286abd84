"""The files that all datasets share: catalogue, places, indicators, search, DCAT and the assets.

They are made from what is in the folder of every dataset, `dataset.json`, `figures.tsv`,
`dcat.jsonld` and `dcat.ttl`, each as it was written (`sha256.json`), and nothing else. A page whose
inputs have not changed is not made again.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from model.reference.city import city, has_targets
from model.reference.registries import Registries, Sector
from model.util.hashing import (
    has_checksum,
    pretty_json,
    sealed,
    sha256_bytes,
    sha256_json,
)
from model.util.languages import default_language, languages
from model.util.processes import begun, divided
from model.util.text import LocalizedText, fold
from portal import attach
from portal.api import bulk, codelists
from portal.changes import change_set
from portal.changes.feeds import ReleaseNews, release_feed
from portal.metadata import dcat
from portal.metadata.identifiers import dataset_urn
from portal.metadata.turtle import turtle
from portal.rendering.environment import render_template
from portal.report import registry
from portal.site import style
from portal.site.explorer import pages as explorer
from portal.site.shared_pages import (
    catalogue,
    figures,
    guide,
    indicators,
    place_pages,
    programs,
    reconciliation,
    revisions,
    search,
)
from portal.site.shared_pages.figures import Listed
from portal.site.shared_pages.places import Gazetteer
from portal.site_folder.release_files import DCAT, TURTLE
from portal.site_folder.shared_page import SharedPage
from portal.site_folder.state import (
    CatalogueState,
    DatasetState,
    intact_datasets,
    read_intact,
    read_state,
)
from portal.targets import exports as target_files
from portal.targets import pages as target_pages
from portal.targets.view import TargetsView

STATE = "catalogue.json"
ASSETS = Path(__file__).resolve().parent.parent / "assets"
# By the dataset's id: its state, and the checksums of its files.
Written = dict[str, tuple[DatasetState, dict[str, str]]]
_Job = Callable[[], Mapping[str, bytes]]  # makes files: path in the site -> bytes
_MANY = 32  # datasets: for fewer a process takes longer to begin than what it makes
_PART = 256  # pages that are looked at together
_ALL_RELEASES = LocalizedText(vi="Các bản phát hành", en="Releases")


class SharedFiles(NamedTuple):
    """What is to be done: the bytes of the files that changed, by path, and the pages that go.

    The state is the last of the files. The one before, which also names those that are new, is
    written `first`: a killed process leaves no page that nobody knows of.
    """

    first: bytes | None
    files: dict[str, bytes]
    gone: list[str]


def render(
    folder: Path, registries: Registries, site_version: str, preview: bool, base_url: str | None,
    processes: int,
) -> SharedFiles:
    """Return the shared files of a site's `folder`, of the pages only those that changed.

    Codelists and bulk files are written here, where they differ: they are too large to be returned.

    `registries` name sectors and publishers, `site_version` is that of the site's code, a `preview`
    shows drafts, and `base_url` is its address on the web with a slash at the end, if known; so
    many `processes` render pages. Raises PortalError where a dataset's `dcat.jsonld`, `dcat.ttl` or
    `figures.tsv` is damaged.
    """
    before = read_state(CatalogueState, folder / STATE)
    if before and before.site_version != site_version:
        before = before.model_copy(update={"inputs": {}, "attached": {}})
    written = {state.dataset: (state, known) for state, known in intact_datasets(folder)}
    states = [state for state, _ in written.values()]
    checksums = {dataset: known["dataset.json"] for dataset, (_, known) in written.items()}
    offered = [state for state in states if not state.withdrawn]
    database = attach.define(_attachable(offered), base_url)
    targets = TargetsView.of(folder, registries, offered, checksums)
    of_all = [*_of_all(folder, registries, written, preview, base_url, targets)]
    # Another process makes these while this one finds out which pages there are.
    others = min(processes - 1, len(offered) // _MANY)
    with begun(_make, of_all, others) as made_of_all, ThreadPoolExecutor(1) as beside:
        pages = [*_pages(folder, registries, written, preview, base_url, targets)]
        inputs = {page.path: page.inputs for page in pages}
        paths = {page.path: before.pages.get(page.path, "") if before else "" for page in pages}
        jobs = [partial(_made, folder, before, part) for part in _parts(pages, before)]
        tasks: list[partial[Any]] = [partial(bulk.write, folder, offered)]
        tasks += [] if preview else [partial(_database, folder, before, database)]
        running: list[Future[Any]] = []  # DuckDB and zlib keep another core busy
        made = divided(_make, jobs, processes, lambda: running.extend(map(beside.submit, tasks)))
        made += made_of_all()
        files = {path: data for each in made for path, data in each.items()}
        files |= programs.for_crawlers({*files, *paths}, offered, base_url)
        bulk_files, *attached = [each.result() for each in running]
        files |= zip([attach.FILE], attached, strict=False)  # a preview has none
        paths |= {path: sha256_bytes(data) for path, data in files.items()}
        paths |= codelists.write(folder, registries, site_version, base_url)
        paths |= bulk_files
    state = CatalogueState(
        attached=database.checksums(), site_version=site_version, datasets=checksums, pages=paths,
        inputs=inputs,
    )
    files[STATE] = sealed(pretty_json(state)).encode()
    known = before or state.model_copy(update={"pages": {}, "inputs": {}, "datasets": {}})
    both = known.model_copy(update={"pages": paths | known.pages})
    first = None if both.pages.keys() == known.pages.keys() else sealed(pretty_json(both)).encode()
    return SharedFiles(first, files, sorted(known.pages.keys() - paths.keys()))


def _make(job: _Job) -> Mapping[str, bytes]:
    return job()


def _one(path: str, render: Callable[..., bytes], *args: Any) -> dict[str, bytes]:
    """Return one file: what `render` makes of `args`, by its path."""
    return {path: render(*args)}


def _parts(pages: list[SharedPage], before: CatalogueState | None) -> Iterator[list[SharedPage]]:
    """Divide pages: one by one those with other inputs than `before`, the rest is but looked at."""
    known = before.inputs if before else {}
    yield from ([page] for page in pages if known.get(page.path) != page.inputs)
    same = [page for page in pages if known.get(page.path) == page.inputs]
    yield from (same[at : at + _PART] for at in range(0, len(same), _PART))


def _made(
    folder: Path, before: CatalogueState | None, pages: list[SharedPage]
) -> dict[str, bytes]:
    """Make those of the `pages` that do not stand in `folder` as `before`, of the same inputs.

    A page is made out of the one that stands where that is whole and of the same code.
    """
    inputs, known = (before.inputs, before.pages) if before else ({}, {})
    made = {}
    for page in pages:
        path, sha256 = f"{folder}/{page.path}", known.get(page.path, "")
        if inputs.get(page.path) == page.inputs and has_checksum(path, sha256):
            continue
        if page.remake is None:
            made[page.path] = page.make()
            continue
        stands = Path(path).read_bytes() if inputs and Path(path).is_file() else b""
        made[page.path] = page.remake(stands if sha256_bytes(stands) == sha256 else b"")
    return made


def _of_all(
    folder: Path, registries: Registries, written: Written, preview: bool, base_url: str | None,
    targets: TargetsView,
) -> Iterator[_Job]:
    """Yield what makes the files that are made from all datasets: they change whenever one does.

    `targets` are those of the city.
    """
    yield _assets
    states = [state for state, _ in written.values()]
    offered = [state for state in states if not state.withdrawn]
    withdrawn = sorted((state for state in states if state.withdrawn), key=_title)
    sectors = _by_sector(offered, registries)
    pairs = reconciliation.pairs(offered, registries)
    notes = [*registries.reconciliation_notes.values()]
    assessed = target_files.files(targets, base_url) if targets.shown and not preview else {}
    described = target_files.dcat_nodes(targets, assessed, base_url) if assessed else []
    yield partial(dict, assessed)
    yield partial(_dcat, folder, offered, written, registries, base_url, described)
    yield partial(_one, registry.FILE, registry.registry_file, registries, base_url)
    yield partial(programs.files, sectors, registries, base_url)
    yield partial(_feeds, sectors, base_url)
    yield explorer.scripts
    for each in zip(*(
        (partial(_one, f"{code}/index.html", catalogue.render_catalogue, sectors, withdrawn, code,
                 preview, base_url, targets.assessed.of_city if assessed else None),
         partial(_one, f"{code}/reconciliation.html", reconciliation.render, pairs, notes, code,
                 base_url),
         partial(guide.render, code, base_url))
        for code in languages()
    ), strict=True):
        yield from each
    yield partial(_one, change_set.SCHEMA, change_set.schema)
    yield partial(_outside, base_url)


def _assets() -> dict[str, bytes]:
    """Return our scripts and styles."""
    found = {f"assets/{path.name}": path.read_bytes() for path in sorted(ASSETS.iterdir())}
    return {**found, "assets/style.css": style.whole()}


def _outside(base_url: str | None) -> dict[str, bytes]:
    """Return the pages outside of the languages' folders."""
    # Web servers send it for any address, so its links start at the site's own path.
    root = urlsplit(base_url or "/").path
    language, folder = default_language(), catalogue.TEMPLATES
    return {
        "index.html": render_template(folder, "landing.html", language),
        "404.html": render_template(folder, "not_found.html", language, root=root),
    }


def _pages(
    folder: Path, registries: Registries, written: Written, preview: bool, base_url: str | None,
    targets: TargetsView,
) -> Iterator[SharedPage]:
    """Yield every page across datasets; a preview, which has few, has none of places."""
    offered = [state for state, _ in written.values() if not state.withdrawn]
    by_sector = _by_sector(offered, registries)
    yield from explorer.pages(by_sector, registries, preview, base_url)
    yield from programs.pages(by_sector, registries, base_url)
    yield from indicators.index(by_sector, base_url)
    yield from revisions.pages(revisions.compare(offered), base_url)
    sectors = [
        (sector, [
            Listed(state, known["dataset.json"],
                   figures.read(folder / "datasets" / state.dataset, known.get(figures.FILE)))
            for state in members for _, known in [written[state.dataset]]
        ])
        for sector, members in by_sector
    ]
    listed = [each for _, members in sectors for each in members]
    gazetteer = Gazetteer(listed, registries)
    found = search.SearchIndex(listed, gazetteer)
    for language in languages():
        for name, make in ((search.INDEX, found.index), (search.TEXTS, found.texts)):
            yield SharedPage(f"{language}/{name}", found.inputs[name], partial(make, language))
    for sector, members in sectors:
        yield from catalogue.sector_pages(
            sector, members, base_url, preview,
            targets.pages_of(sector.id) if targets.shown and not preview else (),
        )
    if not preview:
        yield from _own_feeds(gazetteer, listed, base_url)
        yield from place_pages.pages(gazetteer, base_url)
        pairs = reconciliation.pairs(offered, registries)
        yield from indicators.pages(gazetteer, listed, pairs, base_url)
        if targets.shown:
            yield from target_pages.pages(targets, base_url)
        elif has_targets():  # the navigation leads there
            yield from target_pages.without_figures(base_url)


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


def _database(
    folder: Path, before: CatalogueState | None, definition: attach.Definition
) -> bytes:
    """Return the database to attach, made from the one that stands in `folder` where it is whole.

    What stands is known from the state `before`.
    """
    path = folder / attach.FILE
    if not before or not has_checksum(path, before.pages.get(attach.FILE, "")):
        return attach.write(definition, folder)
    stands = attach.Standing(path.read_bytes(), before.attached)
    if stands.checksums == definition.checksums():
        return stands.data
    return attach.write(definition, folder, stands)


def _feeds(
    sectors: list[tuple[Sector, list[DatasetState]]], base_url: str | None
) -> dict[str, bytes]:
    """Return the feeds of releases of all datasets, and of each sector: path -> bytes."""
    news = {sector.id: _news(members) for sector, members in sectors}
    of = {f"{sector.id}/": (sector.title, news[sector.id]) for sector, _ in sectors}
    of[""] = _ALL_RELEASES, [item for items in news.values() for item in items]
    return {
        path: release_feed(path, title, items, language, base_url)
        for folder, (title, items) in of.items() for language in languages()
        for path in [f"{language}/{folder}releases.atom"]
    }


def _own_feeds(
    gazetteer: Gazetteer, listed: list[Listed], base_url: str | None
) -> Iterator[SharedPage]:
    """Yield the feed of each place and each indicator: releases of what has figures of it."""
    news = {each.state.dataset: _news([each.state]) for each in listed}
    about: dict[str, tuple[LocalizedText, dict[str, Listed]]] = {
        place.page: (place.entry.name, {
            line.listed.state.dataset: line.listed for lines in place.lines.values()
            for line in lines
        })
        for place in gazetteer.places.values()
    }
    for each in listed:
        for indicator in each.state.indicators:
            page = f"indicators/{indicator.code}"
            about.setdefault(page, (indicator.name, {}))[1][each.state.dataset] = each
    for page, (name, members) in about.items():
        inputs = sha256_json([each.sha256 for each in members.values()])
        items = [item for dataset in members for item in news[dataset]]
        for language in languages():
            path = f"{language}/{page}.atom"
            make = partial(release_feed, path, name, items, language, base_url, pushed=False)
            yield SharedPage(path, inputs, make)


def _news(states: list[DatasetState]) -> list[ReleaseNews]:
    return [
        ReleaseNews(
            state.dataset, state.title, item.number, item.version, item.issued, item.reason,
            item.changes,
        )
        for state in states for item in state.releases
    ]


def _title(state: DatasetState) -> str:
    """Return what a dataset is sorted by."""
    return fold(state.title.get(default_language()))


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
    folder: Path, states: list[DatasetState], written: Written, registries: Registries,
    base_url: str | None, described: list[dcat.Node],
) -> dict[str, bytes]:
    """Return the catalogue in DCAT: what the datasets say of themselves is not taken apart."""
    of = city()
    publisher = registries.publishers[of.publisher] if of.publisher else None
    nodes = dcat.catalogue_nodes(
        of.site.title, of.site.lead, publisher, f"{base_url or ''}index.html",
        {dataset_urn(state.dataset): state.issued.isoformat() for state in states}, described,
    )

    def documents(name: str) -> Iterator[bytes]:
        for state in states:
            sha256 = written[state.dataset][1].get(name)
            yield read_intact(folder / "datasets" / state.dataset / name, sha256)

    return {
        "catalog.jsonld": dcat.joined(nodes, documents(DCAT), base_url or "./"),
        "catalog.ttl": turtle(nodes, dcat.CONTEXT, base_url or "", documents(TURTLE)),
    }
