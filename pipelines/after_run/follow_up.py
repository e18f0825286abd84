"""Bring everything that depends on the records up to date after a run or a decision."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from model.declarations.dataset import Dataset
from model.errors import OpenIndicatorsError
from model.reference.city import city
from model.reference.registries import Registries
from model.util.garbage_collector import paused_collector
from model.util.hashing import sha256_bytes, sha256_file, sha256_json
from model.util.languages import languages
from model.util.text import LocalizedText
from pipelines.after_run.alerts import forget_removed, notify
from pipelines.after_run.announcements import announce
from pipelines.after_run.buildinfo import publish_buildinfo
from pipelines.after_run.site_upload import upload_site
from pipelines.after_run.transparency_log import enter_published
from pipelines.catalogue import Catalogue
from pipelines.quality.history import QualityEvent, events, incidents
from pipelines.quality.report import groups, report_of
from pipelines.settings import Settings
from pipelines.steps.progress import RECORDS, failure_of
from portal import versions
from portal.content import Content
from portal.metadata.mqa import published_description
from portal.names import Names
from portal.quality.formats import atom, prometheus
from portal.quality.pages import Assessed
from portal.quality.publish import QualityState, is_published, publish_quality
from portal.site_folder.addresses import dataset_page
from warehouse.store import catalogue as warehouse_catalogue
from warehouse.store import failure_log, packing, packs, releases, validation_log
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease

METRICS = "metrics.txt"
FEED = "{language}/failures.atom"
TITLE = LocalizedText(vi="{site}, chất lượng: sự cố", en="{site}, quality: failures")
ENTRIES = 100
OF_ONE_DATASET = 20


def write_feeds(
    settings: Settings, catalogue: Catalogue, damaged: dict[str, OpenIndicatorsError] | None = None
) -> int:
    """Bring what the site shows of quality to the record; what has not changed is not written.

    Freshness, and so the pages, depend on the day; metrics and feeds do not. The `settings` have
    the data folder, and the `catalogue` the datasets. One with a damaged record is entered in
    `damaged`, and its pages stay as they are.

    Returns:
        How many files were written.

    Raises:
        StoreError: the site cannot be written.
    """
    damaged = {} if damaged is None else damaged
    data_dir = settings.data_dir
    as_of = settings.now().date()
    released = set(releases.datasets(data_dir))
    version = versions.current(catalogue.registries).quality
    current: dict[str, StoredRelease | None] = {}
    for name in validation_log.datasets(data_dir):
        if name in catalogue.declarations:
            with _staying_with(name, damaged):
                current[name] = releases.current(data_dir, name)
    known = {
        name: catalogue.declarations[name].dataset for name, release in current.items()
        if not _withdrawn(release)
    }
    inputs = {
        name: sha256_json([
            version, languages(), as_of.isoformat(), settings.site_url, *_records(data_dir, dataset)
        ])
        for name, dataset in known.items()
    }
    all_inputs = sha256_json([inputs, sorted(released), sorted(damaged)])
    if is_published(data_dir.site, all_inputs):
        return 0
    standing = QualityState.read(data_dir.site).standing(data_dir.site, inputs)
    assessed: list[Assessed] = []
    happened: list[QualityEvent] = []
    with paused_collector():
        for name, dataset in known.items():
            with _staying_with(name, damaged):
                release = current[name]
                history = validation_log.log(data_dir, name)
                names = Names(dataset, catalogue.registries)
                if name in standing:  # its own pages, which show more, stay as they are
                    assessed.append(Assessed(standing[name], names, None))
                else:
                    report, record = report_of(data_dir, dataset, history, release, as_of)
                    content = _content(release, catalogue.registries)
                    assessed.append(Assessed(report, names, record, content))
                happened += events(history, OF_ONE_DATASET)
    reports = [each.report for each in assessed]
    sectors, whole = groups(reports)
    texts = {METRICS: prometheus(reports, dated=False)}
    newest = incidents(data_dir, happened, ENTRIES)
    titles = {report.dataset: report.title for report in reports}
    title = TITLE.format(site=city().site.title)
    for language in languages():
        feed = FEED.format(language=language)
        pages = {name: "../" + dataset_page(name, language) for name in released}
        texts[feed] = atom(newest, titles, title, language, pages)
    return publish_quality(
        data_dir.site, assessed, sectors, whole, catalogue.registries, as_of, inputs, texts,
        "" if damaged else all_inputs, settings.site_url,
        kept=damaged.keys() | standing.keys(),
    )


@contextmanager
def _staying_with(dataset: str, damaged: dict[str, OpenIndicatorsError]) -> Iterator[None]:
    """Enter what is damaged of a `dataset` in `damaged`: the others go on."""
    try:
        yield
    except OpenIndicatorsError as error:
        damaged[dataset] = error


def _records(data_dir: DataDir, dataset: Dataset) -> Iterator[str]:
    """Yield the checksums of what a dataset's report is made from, besides the code and the day."""
    yield sha256_bytes(dataset.model_dump_json().encode())
    folder = releases.current_folder(data_dir, dataset.id)
    for path in (
        validation_log.log_path(data_dir, dataset.id), data_dir.acceptances(dataset.id),
        *([folder / "release.json"] if folder else []),
        published_description(data_dir.site, dataset.id),
    ):
        yield sha256_file(path) if path.is_file() else ""


def _withdrawn(release: StoredRelease | None) -> bool:
    return release is not None and release.release.reason == "withdrawal"


def _content(release: StoredRelease | None, registries: Registries) -> Content | None:
    return Content.of(release, registries) if release is not None else None


@dataclass(frozen=True)
class FollowUp:
    """What was done after a run."""

    files: int  # of the site's quality pages, metrics, feeds, log and build records
    messages: int  # sent to people
    damaged: Mapping[str, OpenIndicatorsError]  # records that cannot be read, by dataset


def follow_up(settings: Settings, catalogue: Catalogue) -> FollowUp:
    """Update the warehouse's views, quality pages, feeds and the log; send what is new to people.

    The site's bucket, if there is one, gets what has changed before people are told of it.

    Quiet on repeats: a second call without news writes and sends nothing. The `settings` have the
    channels of notifications; failures of datasets that the `catalogue` has not are forgotten.

    Raises:
        StoreError: the data folder cannot be written, or the transparency log is damaged.
        PortalError: the signing key is not the one in force.
    """
    with paused_collector():  # the records of all datasets are read
        packing.pack_all(settings.data_dir)
        with settings.data_dir.shared_by_all():
            warehouse_catalogue.refresh(settings.data_dir)
            packs.remove_packed(settings.data_dir)  # of which the views know
            damaged: dict[str, OpenIndicatorsError] = {}
            files = write_feeds(settings, catalogue, damaged) + enter_published(settings, damaged)
            files += publish_buildinfo(settings, catalogue)
            _log_damage(settings.data_dir, damaged)
            forget_removed(settings)
            if settings.site_bucket is not None:
                upload_site(settings.data_dir, settings.site_bucket)
            return FollowUp(files, notify(settings) + announce(settings), damaged)


def _log_damage(data_dir: DataDir, damaged: Mapping[str, OpenIndicatorsError]) -> None:
    """Bring the failure log to what is damaged; the failure of a step goes first."""
    for failure in failure_log.opened(data_dir):
        if failure.stage == RECORDS and failure.dataset not in damaged:
            failure_log.resolved(data_dir, failure.dataset, RECORDS)
    for name, error in damaged.items():
        if not failure_log.is_open(data_dir, name):
            failure_log.note(data_dir, failure_of(name, RECORDS, error))
