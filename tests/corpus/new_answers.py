"""What `openindicators new --from` asks about real files: figures for a sample of the corpus.

    python -m tests.corpus.new_answers ../shared/data --files 40

It is no test: it prints, for each file, how many questions are open and what was recognised, and
the median at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import statistics
import tempfile
from collections import Counter
from pathlib import Path

from model.declarations.load import load_draft
from model.errors import OpenIndicatorsError
from model.reference.registries import load_registries
from pipelines.cli.new.command import new
from sources.connectors.registry import CONNECTORS
from tests.fixtures.commands import PROJECT
from tests.fixtures.projects import for_this_city

SUFFIXES = (".csv", ".xlsx", ".xls", ".json", ".xml", ".px", ".tsv", ".ods")
LARGEST = 5_000_000  # bytes; larger ones take long to inspect


def sample(folder: Path, number: int) -> list[Path]:
    """Return files of a folder, evenly spread over its list."""
    found = sorted(
        path for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and 0 < path.stat().st_size <= LARGEST
    )
    step = max(1, len(found) // number)
    return found[::step][:number]


def questions_of(path: Path, name: str) -> tuple[list[str], str]:
    """Return the fields that are asked about, and the protocol; or why there is no declaration."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            new(f"finance/{name}", str(path))
        except OpenIndicatorsError as error:
            return [], f"refused: {error.what[:80]}"
        project = Path(os.environ["OPENINDICATORS_PROJECT"])
        try:
            draft = load_draft(
                project / "assets/finance" / f"{name}.yaml", load_registries(PROJECT), CONNECTORS
            )
        except OpenIndicatorsError as error:
            return [], f"not valid: {error.what[:80]}"
    source = next(iter(draft.dataset.sources.values()))
    return [each.question.field for each in draft.document.questions], source.protocol


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=40)
    arguments = parser.parse_args()
    counts: list[int] = []
    fields: Counter[str] = Counter()
    refused = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "OPENINDICATORS_PROJECT": f"{folder}/project", "OPENINDICATORS_DATA_DIR": f"{folder}/d",
        }
        for_this_city(Path(folder) / "project")
        for number, path in enumerate(sample(arguments.folder, arguments.files)):
            name = f"file_{number}"
            try:
                asked, what = questions_of(path, name)
            except Exception as error:
                asked, what = [], f"failed: {type(error).__name__}: {error}"[:90]
            shown = path.relative_to(arguments.folder)
            if asked:
                counts.append(len(asked))
                fields.update(asked)
                print(f"{len(asked):3}  {what:10} {shown}  {json.dumps(asked)}", flush=True)
            else:
                refused += 1
                print(f"  -  {shown}  {what}", flush=True)
    print(f"\n{len(counts)} declared, {refused} not; questions: median"
          f" {statistics.median(counts or [0])}, most {max(counts, default=0)}")
    for field, count in fields.most_common(15):
        print(f"{count:4}  {field}")


if __name__ == "__main__":
    main()
