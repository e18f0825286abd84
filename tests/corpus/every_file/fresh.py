"""What is flagged in files of the corpus that no declaration uses, and nothing was tuned on.

    python -m tests.corpus.every_file.fresh OUT

A file that `tests.corpus.every_file` releases is declared as `new --from` does, with its answers to
the questions. Files were drawn by a seed (`SEED`, a share `DRAWN`) before any was looked at, from
those that have series (`SERIES`) and are no other file with the figures of the tuning part. OUT
gets the flags, a line each, as `python -m bench.quality --out` writes them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from expectations.runner import results
from tests.corpus.every_file.__main__ import entries
from tests.corpus.every_file.attempt import DATASET, attempt, loaded, project_in

SEED, DRAWN = 20261130, 0.4
# Where a path begins: files of one publisher, or one file.
SERIES = (
    "asean/ASEAN_", "gapminder/datapoints/co2", "gapminder/datapoints/exports",
    "gapminder/datapoints/forest", "imf/WEO_Data", "owid/energy", "owid/mobile", "pxweb/jsonstat/",
    "pxweb/px_files/", "pxweb/scb_api2/TAB", "scale/MTA", "sdmx/ecb/ECB_EXR_1", "sdmx/estat/cdh",
    "sdmx/insee/", "sdmx/oecd/", "unesco_uis/bulk/NATMON_data", "unesco_uis/ddf/ger",
    "unesco_uis/hdx/dem", "vietnam/nso_nsdp_sdmx/", "who/immunization/",
    "worldbank/api_v2/vnm",
)

# Columns of a release that are no part of a series' key.
NO_KEY = ("obs_value", "obs_status", "obs_note", "time_period", "unit_measure", "lower_bound",
          "upper_bound", "footnotes", "source_part", "source_row", "source_column")


def drawn() -> list[dict[str, Any]]:
    """Return the manifest's entries of the files that the seed gives."""
    return [
        entry for entry in entries() if entry["path"].startswith(SERIES)
        and int(hashlib.sha256(f"{SEED} {entry['path']}".encode()).hexdigest()[:8], 16) / 16**8
        < DRAWN
    ]


def main() -> None:
    """Release the files, and write and count what their quality records flag."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    results.SAMPLES = 1_000_000
    lines: list[str] = []
    tables, sums = 0, [0, 0, 0]
    with TemporaryDirectory() as scratch:
        registries = loaded(project_in(Path(scratch, "project")))
        for number, entry in enumerate(drawn()):
            folder = Path(scratch, str(number))
            if attempt(entry, folder, registries)["outcome"] != "released":
                continue
            release = folder / "data" / "releases" / DATASET / "1"
            record = json.loads((release / "quality.json").read_text(encoding="utf-8"))
            counted = _sizes(release / "data.parquet")
            tables += 1
            sums = [a + b for a, b in zip(sums, counted, strict=True)]
            flags = [
                {"what": "untouched", "dataset": entry["path"], "check": check["name"],
                 "item": item}
                for check in record["checks"] if check["outcome"] in ("failed", "warned")
                and check["severity"] != "info"
                for item in check.get("samples") or [{"table": True}]
            ]
            lines += [json.dumps(flag, ensure_ascii=False) for flag in flags]
            print(f"{entry['path']}: {counted[0]:,} observations, {len(flags)} flags", flush=True)
    lines.append(json.dumps({"what": "tables", "observations": sums[0]}))
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{tables} tables, {sums[0]:,} observations, {sums[1]:,} series,"
          f" {sums[2]:,} series-years")


def _sizes(data: Path) -> list[int]:
    """Return how many observations with a value, series and series-years a release has."""
    with duckdb.connect() as con:
        names = [row[0] for row in con.execute(f"DESCRIBE FROM read_parquet('{data}')").fetchall()]
        series = ", ".join(f'"{name}"' for name in names if name not in NO_KEY)
        found = con.execute(
            f"SELECT sum(n), count(*), sum(years) FROM (SELECT count(*) AS n,"
            f" count(DISTINCT left(time_period, 4)) AS years FROM read_parquet('{data}')"
            f" WHERE obs_value IS NOT NULL GROUP BY {series})"
        ).fetchall()[0]
    return [int(value or 0) for value in found]


if __name__ == "__main__":
    main()
