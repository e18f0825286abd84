"""Throw bytes at a reader: it may refuse them in our own words, and nothing else.

    python -m tests.fuzz.readers px --seconds 600
    python -m tests.fuzz.readers --list

atheris (https://github.com/google/atheris) steers by the branches that our own modules take. It
begins with the sample's answers, and with the small real files where ../shared is. A finding is
left in build/fuzz/<reader>/, to become a test.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["sources", "model"]):
    from model.errors import OpenIndicatorsError
    from sources.base import SourceFile
    from sources.connectors.registry import protocol
    from sources.formats.child import call

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "data"
LARGEST_SEED = 20_000


@dataclass(frozen=True)
class Target:
    """A reader: its protocol, the ending of its files, its options, and where seeds lie."""

    protocol: str
    suffix: str
    options: dict[str, Any] = field(default_factory=dict)
    seeds: tuple[str, ...] = ()


TARGETS = {
    "csv": Target("files", ".csv", seeds=("**/*.csv",)),
    "csv-windows-1258": Target("files", ".csv", {"encoding": "windows-1258"}, ("**/*.csv",)),
    "csv-tcvn3": Target("files", ".csv", {"encoding": "tcvn3"}, ("**/*.csv",)),
    "json": Target("files", ".json", seeds=("**/*.json",)),
    "jsonl": Target("files", ".jsonl", seeds=("**/*.jsonl", "**/*.ndjson")),
    "xlsx": Target("files", ".xlsx", seeds=("**/*.xlsx",)),
    "xls": Target("files", ".xls", seeds=("**/*.xls",)),
    "ods": Target("files", ".ods", seeds=("**/*.ods",)),
    "parquet": Target("files", ".parquet", seeds=("**/*.parquet",)),
    "arrow": Target("files", ".arrow", seeds=("**/*.arrow", "**/*.feather")),
    "zip": Target("files", ".zip", seeds=("**/*.zip",)),
    "gz": Target("files", ".csv.gz", seeds=("**/*.gz",)),
    "worldbank": Target("worldbank", ".json", seeds=("worldbank/**/*.json",)),
    "worldbank-bulk": Target("worldbank_bulk", ".csv", seeds=("worldbank/bulk_csv/**/*.csv",)),
    "gho": Target("gho", ".json", seeds=("who/**/*.json",)),
    "uis": Target("uis", ".json", seeds=("unesco_uis/**/*.json",)),
    "json-stat": Target("pxweb", ".json", seeds=("**/*stat*/**/*.json", "pxweb/**/*.json")),
    "px": Target("pxweb", ".px", seeds=("**/*.px",)),
    "sdmx-xml": Target("sdmx", ".xml", seeds=("**/*.xml",)),
    "sdmx-json": Target("sdmx", ".json", seeds=("sdmx/**/*.json",)),
    "sdmx-csv": Target("sdmx", ".csv", seeds=("sdmx/**/*.csv",)),
    "hxl": Target("hxl", ".csv", seeds=("hxl/**/*.csv",)),
    "ckan": Target("ckan", ".json", seeds=("ckan/**/*.json",)),
    "da-nang-portal": Target("da_nang_portal", ".json", seeds=("ckan/**/*.json",)),
}


def main() -> None:
    """Fuzz one reader for as long as was asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.readers")
    parser.add_argument("reader", nargs="?", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--list", action="store_true", help="name the readers")
    asked = parser.parse_args()
    if asked.list or asked.reader is None:
        print(*TARGETS, sep="\n")
        return
    target = TARGETS[asked.reader]
    call.is_child = True  # the branches that are taken must be seen here
    folder = Path("build") / "fuzz" / asked.reader
    seeds = folder / "seeds"
    seeds.mkdir(parents=True, exist_ok=True)
    found = _seeds(target)
    for number, path in enumerate(found):
        (seeds / str(number)).write_bytes(path.read_bytes())
    print(f"{asked.reader}: {len(found)} seeds", flush=True)
    atheris.Setup(
        [sys.argv[0], f"-max_total_time={asked.seconds}", "-max_len=20000", "-timeout=30",
         "-rss_limit_mb=3000", f"-artifact_prefix={folder}/", str(seeds)],
        _thrower(target),
    )
    atheris.Fuzz()


def _seeds(target: Target) -> list[Path]:
    paths = [path for pattern in target.seeds for path in sorted(CORPUS.glob(pattern))]
    return [path for path in paths if path.is_file() and path.stat().st_size < LARGEST_SEED][:200]


def _thrower(target: Target) -> Callable[[bytes], None]:
    kind = protocol(target.protocol)
    name = f"part{target.suffix}"
    path = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm")) / name
    options = kind.Options.model_validate({"files": [name], **target.options})

    def throw(data: bytes) -> None:
        path.write_bytes(data)
        try:
            for batch in kind.read([SourceFile(name, path)], options):
                batch.validate(full=True)
        except OpenIndicatorsError as error:
            assert all(char.isprintable() or char == "\n" for char in str(error)), error

    return throw


if __name__ == "__main__":
    main()
