"""What machines watch on the site: the metrics, and in each language a feed of what went wrong."""

from __future__ import annotations

from assets.quality import quality_report
from assets.quality_history import incidents
from model.text import LANGUAGES, Bilingual
from pipelines.catalogue import Catalogue
from pipelines.settings import Settings
from portal.quality_formats import atom, prometheus
from portal.site import DATASET_PAGE
from warehouse import judgements, releases
from warehouse.atomic import write_text

METRICS = "metrics.txt"
FEED = "{language}/failures.atom"
TITLE = Bilingual(
    vi="Chất lượng dữ liệu mở Đà Nẵng: sự cố", en="Quality of Da Nang's open data: failures"
)
ENTRIES = 100
OF_ONE_DATASET = 20


def write_feeds(settings: Settings, catalogue: Catalogue) -> int:
    """Bring the site's metrics and feeds to the record; what has not changed is not written.

    Nothing in them depends on the day.

    Returns:
        How many files were written.

    Raises:
        StoreError: the site cannot be written, or a record is damaged.
    """
    home = settings.home
    known = {
        name: catalogue.declarations[name].dataset
        for name in judgements.datasets(home) if name in catalogue.declarations
    }
    reports = [
        quality_report(home, dataset, settings.now().date()) for dataset in known.values()
    ]
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
    return sum(write_text(home.site / name, text) for name, text in texts.items())
