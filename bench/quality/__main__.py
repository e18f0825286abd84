"""Plant faults by others' generators, and print what is found.

    python -m bench.quality --tables tests/corpus/project=DATA --tables tests/danang/project=DATA

Each DATA is the data folder of a run of the project beside it (`make corpus`, `make danang`).
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path

from bench.faults import ALL, PlantedCorpus
from bench.quality import corpora, faults, measure
from expectations.runner import results


def main() -> None:
    """Plant, validate, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    corpora.arguments(parser)
    parser.add_argument("--out", type=Path, help="write faults and flags here, for calibration")
    options = parser.parse_args()
    results.SAMPLES = ALL  # every row that is named
    began = time.process_time()
    total = measure.Measured()
    kinds = options.kind or corpora.kinds_of_generators()
    plain: list[str] = []
    for corpus, folder in corpora.load(options):
        observations = untouched(corpus)
        plain += [json.dumps({"what": "tables", "observations": observations}), *(
            json.dumps({"what": "untouched", "dataset": d, "check": c, "item": i},
                       ensure_ascii=False)
            for d, named in corpus.untouched.items() for c, items in named.items() for i in items
        )]
        rng = random.Random(options.seed)  # noqa: S311 the same on every run
        jobs = faults.plan(corpus, kinds, options.plantings, rng, folder)
        one = measure.measure(corpus, faults.generate(jobs, folder, options.generators))
        for name in ("faults", "beside", "hits", "failed"):
            getattr(total, name).extend(getattr(one, name))
        total.unchanged |= {
            k: n + total.unchanged.get(k, 0) for k, n in one.unchanged.items()}
    if options.out:
        lines = [json.dumps({"what": what, **vars(one), "fault": bool(getattr(one, "fault", None))},
                            default=sorted, ensure_ascii=False)
                 for what in ("faults", "hits", "beside") for one in getattr(total, what)]
        options.out.write_text("\n".join([*lines, *plain]) + "\n", encoding="utf-8")
    print("\n".join(measure.table(total, kinds)))
    rows = len(total.hits) + len(total.beside)
    print(f"{rows} new flags, {len(total.beside)} name no fault; without effect:"
          f" {total.unchanged}; generators failed: {sorted(set(total.failed))}")
    print(f"{time.process_time() - began:.0f} s of processor time")


def untouched(corpus: PlantedCorpus) -> int:
    """Print what is flagged in untouched tables, by check; return how many observations there are.

    An alarm is what a person looks at: a period that is missing from ten indicators is one.
    """
    counts: dict[str, int] = {}
    for named in corpus.untouched.values():
        for check, items in named.items():
            counts[check] = counts.get(check, 0) + len(items)
    years = rows = series = 0
    for dataset_id, bound in corpus.bound_datasets.items():
        columns = ", ".join(f'"{n}"' for n in bound.dataset.key if n != "time_period")
        found = corpus.con.execute(
            f"SELECT count(*), sum(years), sum(n) FROM (SELECT count(*) AS n,"
            f" count(DISTINCT left(time_period, 4)) AS years"
            f' FROM "{dataset_id}" WHERE obs_value IS NOT NULL GROUP BY {columns})'
        ).fetchall()[0]
        series += found[0]
        years += int(found[1] or 0)
        rows += int(found[2] or 0)
    alarms = {
        (dataset_id, check, *(item.get(n) for n in ("ref_area", "time_period")), *(
            () if "_id" not in item and "obs_value" not in item else map(str, item.values())))
        for dataset_id, named in corpus.untouched.items()
        for check, items in named.items() for item in items
    }
    print(f"{len(corpus.bound_datasets)} tables, {rows:,} observations, {series:,} series,"
          f" {years:,} series-years; flags: {dict(sorted(counts.items()))},"
          f" {len(alarms)} alarms")
    return rows


if __name__ == "__main__":
    main()
