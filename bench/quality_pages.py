"""How long the quality pages take: 1,000 datasets, each validated daily for two years.

    python -m bench.quality_pages [--datasets 1000] [--days 730] [--keep DIR]

Measures what follows every run (`pipelines.after_run.follow_up`): pages, badges, metrics, feeds of
failures. Each dataset is one of the project's under another name, with a published release of one
row and a validation log made up from a seed (`bench.data`).
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bench.data import write_release, write_validation_runs
from model.declarations.dataset import Dataset
from model.records.release import FileRecord
from model.reference.registries import Registries
from model.util.hashing import canonical_json
from model.util.text import LocalizedText
from pipelines.after_run.follow_up import write_feeds
from pipelines.catalogue import load_catalogue
from pipelines.settings import Settings
from portal.content import Content
from portal.distributions.registry import DISTRIBUTIONS
from portal.metadata import dcat
from warehouse.store.data_dir import DataDir

LAST = date(2026, 6, 30)


def main() -> None:
    """Write the logs, build the pages three times, print the times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--datasets", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--keep", type=Path, help="leave the data folder here")
    asked = parser.parse_args()
    settings = Settings.from_environment()
    catalogue = load_catalogue(settings)
    models = list(catalogue.declarations.values())
    with _folder(asked.keep) as folder:
        data_dir = DataDir(folder)
        declarations = {}
        for number in range(asked.datasets):
            model = models[number % len(models)]
            dataset = model.dataset.model_copy(
                update={
                    "name": f"made_up_{number}",
                    "title": LocalizedText(
                        vi=f"Tập dữ liệu số {number}", en=f"Dataset number {number}"
                    ),
                }
            )
            write_validation_runs(data_dir, dataset, asked.days, LAST, random.Random(number))  # noqa: S311
            _publish(data_dir, dataset, catalogue.registries)
            declarations[dataset.id] = replace(model, dataset=dataset)
        catalogue = replace(catalogue, declarations=declarations)
        print(f"{asked.datasets:,} datasets, {asked.days} validation runs each")
        for turn, day in (
            ("first", LAST), ("again", LAST), ("the day after", LAST + timedelta(days=1))
        ):
            now = datetime.combine(day, datetime.min.time(), UTC)
            that_day = settings.model_copy(update={"data_dir": data_dir, "epoch": now})
            begun, used = time.perf_counter(), time.process_time()
            written = write_feeds(that_day, catalogue)
            print(
                f"{time.perf_counter() - begun:6.1f} s ({time.process_time() - used:.1f} s of CPU)"
                f" {turn}: {written:,} files written"
            )
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB at most")


def _publish(data_dir: DataDir, dataset: Dataset, registries: Registries) -> None:
    """Write a release, and the one file of its publication that the pages read: its DCAT."""
    release = write_release(
        data_dir.releases(dataset.id) / "1", dataset, datetime(2026, 1, 1, tzinfo=UTC)
    )
    files = [
        (FileRecord(name=form.file_name(dataset), sha256="0" * 64, bytes=9), form)
        for form in DISTRIBUTIONS
    ]
    nodes = dcat.dataset_nodes(
        Content.of(release, registries), files, f"datasets/{dataset.id}/",
        f"vi/{dataset.id}.html", release.release.issued.isoformat(),
    )
    path = data_dir.site / "datasets" / dataset.id / "dcat.jsonld"
    path.parent.mkdir(parents=True)
    path.write_text(canonical_json(dcat.document(nodes, "")), encoding="utf-8")


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
