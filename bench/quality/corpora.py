"""The tables that a benchmark works on, by the part that a seed gave them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from bench.faults import PlantedCorpus
from bench.quality.split import SEED, parts
from pipelines.settings import Settings

KINDS_FILE = Path(__file__).with_name("generators.py")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every benchmark of faults by generators is told to its `parser`."""
    parser.add_argument("--tables", action="append", required=True, metavar="PROJECT=DATA")
    parser.add_argument("--part", choices=("tuning", "held out"), default="tuning")
    parser.add_argument("--plantings", type=int, default=12, help="of each kind and project")
    parser.add_argument("--kind", action="append", help="only this kind of fault")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--most-rows", type=int, default=25_000, help="leave larger tables out")
    parser.add_argument("--generators", default="data/generators/bin/python",
                        help="Python with tab-err, pucktrick, scikit-learn and error-generator")


def load(options: argparse.Namespace) -> Iterator[tuple[PlantedCorpus, Path]]:
    """Yield each project's tables of the part in `options`, and a folder for the faults."""
    part = parts()
    for pair in options.tables:
        project, data = pair.split("=", 1)
        corpus = PlantedCorpus(
            Path(data), options.seed, Settings(project=Path(project), profile="live"),
            lambda dataset_id, rows, project=project: rows <= options.most_rows and (
                part.get(dataset_id) == options.part if "danang" in project
                else options.part == "tuning"
            ),
        )
        yield corpus, Path(data) / f"bench-quality-{options.seed}"


def kinds_of_generators() -> list[str]:
    """Return the kinds of faults, read from the script: it runs in another environment."""
    lines = KINDS_FILE.read_text(encoding="utf-8").split("KINDS: dict")[1].splitlines()
    return [line.split('"')[1] for line in lines if line.startswith('    "') and '": ' in line]
