"""How long the pages about quality take: 1,000 datasets, each judged daily for two years.

    python -m bench.quality_pages [--datasets 1000] [--days 730] [--keep DIR]

Each dataset is one of the sample's under another name, with a log of judgements made up from a
seed: most days as the day before, now and then a check that fails for a week.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from assets.quality import groups, quality_report
from model.collector import paused_collector
from model.text import Bilingual
from pipelines.catalogue import load_catalogue
from pipelines.settings import Settings
from portal.site.quality.pages import Assessed
from portal.site.quality.publish import publish_quality
from tests.quality_world import judge_daily
from warehouse import judgements
from warehouse.home import Home

LAST = date(2026, 6, 30)


def main() -> None:
    """Make the logs, build the pages, print the times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--datasets", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--keep", type=Path, help="leave the data folder here")
    asked = parser.parse_args()
    catalogue = load_catalogue(Settings.from_environment())
    models = [each.dataset for each in catalogue.declarations.values()]
    with _folder(asked.keep) as folder:
        home = Home(folder)
        datasets = [
            models[n % len(models)].model_copy(update={
                "name": f"made_up_{n}",
                "title": Bilingual(vi=f"Tập dữ liệu số {n}", en=f"Dataset number {n}"),
            })
            for n in range(asked.datasets)
        ]
        for number, dataset in enumerate(datasets):
            judge_daily(home, dataset, asked.days, LAST, random.Random(number))  # noqa: S311
        print(f"{len(datasets):,} datasets, {asked.days} judgements each")
        begin = time.perf_counter()
        assessed = []
        with paused_collector():
            for dataset in datasets:
                report = quality_report(home, dataset, LAST)
                record = judgements.record(home, report.latest) if report.latest else None
                assessed.append(Assessed(report, record))
        reported = time.perf_counter()
        print(f"reports {reported - begin:6.1f} s")
        sectors, city = groups([each.report for each in assessed])
        for turn in ("first", "again"):
            start = time.perf_counter()
            written = publish_quality(
                home.site, assessed, sectors, city, catalogue.registries, LAST
            )
            print(f"pages   {time.perf_counter() - start:6.1f} s {turn}: {written:,} files written")
        print(f"all     {time.perf_counter() - begin:6.1f} s")


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True)
        yield keep
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


if __name__ == "__main__":
    main()
