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
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from assets.quality import groups, quality_report
from model.dataset import Dataset
from model.hashing import canonical_json, pretty_json, sha256_bytes
from model.quality import CheckOutcome, Judgement
from model.records import CheckResult, QualityRecord, Score
from model.text import Bilingual
from pipelines.catalogue import load_catalogue
from pipelines.settings import Settings
from portal.site.quality.pages import Assessed
from portal.site.quality.publish import publish_quality
from warehouse import judgements
from warehouse.home import Home

LAST = date(2026, 6, 30)
CHECKS = 30


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
            _judged(home, dataset, asked.days, random.Random(number))  # noqa: S311
        print(f"{len(datasets):,} datasets, {asked.days} judgements each")
        begin = time.perf_counter()
        assessed = []
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


def _judged(home: Home, dataset: Dataset, days: int, chance: random.Random) -> None:
    folder = home.judgements(dataset.id)
    folder.mkdir(parents=True)
    names = [f"check_{n}" for n in range(CHECKS)]
    lines: list[Judgement] = []
    failing: dict[str, int] = {}
    for day in range(days):
        failing = {name: left - 1 for name, left in failing.items() if left > 1}
        if chance.random() < 0.1:
            failing[chance.choice(names)] = 7
        record = _record(dataset, names, failing)
        sha256 = f"{day:064d}"  # of the records, only the newest is read
        if day == days - 1:
            text = pretty_json(record)
            sha256 = sha256_bytes(text.encode())
            (folder / f"{sha256}.json").write_text(text, encoding="utf-8")
        at = datetime.combine(LAST - timedelta(days=days - 1 - day), datetime.min.time(), UTC)
        lines.append(Judgement(
            dataset=dataset.id, number=day + 1, at=at, inputs_sha256=f"{day:064d}",
            snapshot_sha256=f"{day:064d}", record_sha256=sha256, data_sha256=f"{day:064d}",
            algorithm="1", stopped="made up" if len(failing) > 2 else None, rows_read=1_000,
            rows_released=1_000, rows_quarantined=len(failing),
            period_last=str(at.year - 1), scores=record.scores,
            passed=tuple(name for name in names if name not in failing),
            open=tuple(
                CheckOutcome(name=name, outcome="failed", evaluated=1_000, unexpected=3)
                for name in failing
            ),
        ))
    text = "".join(canonical_json(line) + "\n" for line in lines)
    (folder / judgements.LOG).write_text(text, encoding="utf-8")


def _record(dataset: Dataset, names: list[str], failing: dict[str, int]) -> QualityRecord:
    sample = {"indicator": "A", "ref_area": "VNM", "time_period": "2020", "obs_value": 1.5}
    checks = tuple(
        CheckResult(
            name=name, expectation="expect_column_values_to_not_be_null",
            kwargs={"column": "obs_value"}, severity="warning", level="row",
            title=Bilingual(vi=f"Phép kiểm tra {name}", en=f"The check {name}"),
            outcome="failed" if name in failing else "passed", evaluated=1_000,
            unexpected=3 if name in failing else 0,
            samples=(sample,) * 3 if name in failing else (),
        )
        for name in names
    )
    return QualityRecord(
        dataset=dataset.id, suite_sha256="0" * 64, versions={"scores": "1"}, rows_read=1_000,
        rows_released=1_000, rows_quarantined=len(failing), tolerance=0.01, checks=checks,
        scores=(
            Score(dimension="completeness", good=990, of=1_000),
            Score(dimension="validity", good=1_000 - len(failing), of=1_000),
            Score(dimension="uniqueness", good=1_000, of=1_000),
            Score(dimension="consistency", good=CHECKS - len(failing), of=CHECKS),
        ),
    )


if __name__ == "__main__":
    main()
