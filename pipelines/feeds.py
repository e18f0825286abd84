"""What the site shows of quality: the pages, the metrics, and a feed of what went wrong."""

from __future__ import annotations

from datetime import date

import pyarrow.parquet as pq

from assets.quality import groups, quality_report
from assets.quality_history import incidents
from model.collector import paused_collector
from model.dataset import Dataset
from model.text import LANGUAGES, Bilingual
from pipelines.catalogue import Catalogue
from pipelines.settings import Settings
from portal.quality_formats import atom, prometheus
from portal.site import DATASET_PAGE
from portal.site.quality.pages import HELD, Assessed, Held
from portal.site.quality.publish import publish_quality
from warehouse import judgements, releases
from warehouse.atomic import write_text
from warehouse.home import Home

METRICS = "metrics.txt"
FEED = "{language}/failures.atom"
TITLE = Bilingual(
    vi="Chất lượng dữ liệu mở Đà Nẵng: sự cố", en="Quality of Da Nang's open data: failures"
)
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
    home = settings.home
    known = {
        name: catalogue.declarations[name].dataset
        for name in judgements.datasets(home)
        if name in catalogue.declarations and not _withdrawn(home, name)
    }
    as_of = settings.now().date()
    with paused_collector():
        assessed = [_assessed(home, dataset, as_of) for dataset in known.values()]
    reports = [each.report for each in assessed]
    sectors, city = groups(reports)
    written = publish_quality(
        home.site, assessed, sectors, city, catalogue.registries, as_of
    )
    texts = {METRICS: prometheus(reports, dated=False)}
    found = [item for name in known for item in incidents(home, name, OF_ONE_DATASET)]
    newest = sorted(found, key=lambda item: (item.at, item.id), reverse=True)[:ENTRIES]
    titles = {name: dataset.title for name, dataset in known.items()}
    shown = set(releases.datasets(home))
    for language in LANGUAGES:
        feed = FEED.format(language=language)
        pages = {
            name: "../" + DATASET_PAGE.format(language=language, dataset=name) for name in shown
        }
        texts[feed] = atom(newest, titles, TITLE, language, pages)
    return written + sum(write_text(home.site / name, text) for name, text in texts.items())


def _withdrawn(home: Home, dataset: str) -> bool:
    stored = releases.current(home, dataset)
    return stored is not None and stored.release.reason == "withdrawal"


def _assessed(home: Home, dataset: Dataset, as_of: date) -> Assessed:
    report = quality_report(home, dataset, as_of)
    record = judgements.record(home, report.latest) if report.latest else None
    held: tuple[Held, ...] = ()
    release = releases.current(home, dataset.id)
    if release and record and record.rows_quarantined and not record.stopped:
        held = tuple(
            Held(row["_part"] or "", row["_row"], row["_column"] or "", tuple(row["reasons"]))
            for row in pq.read_table(
                release.path("quarantine.parquet"), columns=["_part", "_row", "_column", "reasons"]
            ).slice(0, HELD).to_pylist()
        )
    return Assessed(report, record, held)
