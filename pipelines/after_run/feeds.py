"""Write the site's quality pages, metrics and incident feeds."""

from __future__ import annotations

from model.reference.city import city
from model.reference.registries import Registries
from model.util.disk import write_if_changed
from model.util.garbage_collector import paused_collector
from model.util.languages import languages
from model.util.text import LocalizedText
from pipelines.catalogue import Catalogue
from pipelines.quality.history import QualityEvent, events, incidents
from pipelines.quality.report import groups, report_of
from pipelines.settings import Settings
from portal.content import Content
from portal.names import Names
from portal.quality.formats import atom, prometheus
from portal.quality.pages import Assessed
from portal.quality.publish import publish_quality
from portal.site import DATASET_PAGE
from warehouse.store import releases, validation_log
from warehouse.store.releases import StoredRelease

METRICS = "metrics.txt"
FEED = "{language}/failures.atom"
TITLE = LocalizedText(vi="{site}, chất lượng: sự cố", en="{site}, quality: failures")
ENTRIES = 100
OF_ONE_DATASET = 20


def write_feeds(settings: Settings, catalogue: Catalogue) -> int:
    """Bring what the site shows of quality to the record; what has not changed is not written.

    Freshness, and so the pages, depend on the day; metrics and feeds do not.

    Returns:
        How many files were written.

    Raises:
        StoreError: the site cannot be written, or a record is damaged.
    """
    data_dir = settings.data_dir
    as_of = settings.now().date()
    assessed: list[Assessed] = []
    happened: list[QualityEvent] = []
    with paused_collector():
        for name in validation_log.datasets(data_dir):
            release = releases.current(data_dir, name)
            if name not in catalogue.declarations or _withdrawn(release):
                continue
            dataset = catalogue.declarations[name].dataset
            history = validation_log.log(data_dir, name)
            report, record = report_of(data_dir, dataset, history, release, as_of)
            assessed.append(Assessed(
                report, Names(dataset, catalogue.registries), record,
                _content(release, catalogue.registries),
            ))
            happened += events(history, OF_ONE_DATASET)
    reports = [each.report for each in assessed]
    sectors, whole = groups(reports)
    written = publish_quality(
        data_dir.site, assessed, sectors, whole, catalogue.registries, as_of
    )
    texts = {METRICS: prometheus(reports, dated=False)}
    newest = incidents(data_dir, happened, ENTRIES)
    titles = {report.dataset: report.title for report in reports}
    title = TITLE.format(site=city().site.title)
    shown = set(releases.datasets(data_dir))
    for language in languages():
        feed = FEED.format(language=language)
        pages = {
            name: "../" + DATASET_PAGE.format(language=language, dataset=name) for name in shown
        }
        texts[feed] = atom(newest, titles, title, language, pages)
    return written + sum(
        write_if_changed(data_dir.site / name, text, lasting=False) for name, text in texts.items()
    )


def _withdrawn(release: StoredRelease | None) -> bool:
    return release is not None and release.release.reason == "withdrawal"


def _content(release: StoredRelease | None, registries: Registries) -> Content | None:
    return Content.of(release, registries) if release is not None else None
