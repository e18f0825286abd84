"""All hostile edits of all targets: `python -m tests.corpus.hostile [EDIT or DATASET …]`.

Prints a line for each: what came of it, and what the run says. Exits with 1 where an edit is
released without a word, or a harmless one is not released as it was.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.corpus.hostile.edits import EDITS
from tests.corpus.hostile.runner import Result, run
from tests.corpus.hostile.targets import TARGETS
from tests.corpus.hostile.vintages import Vintages

SHOWN = 260


def main() -> None:
    """Print the results."""
    wanted = sys.argv[1:]
    edits = [each for each in EDITS if each.name in wanted] or EDITS
    targets = [each for each in TARGETS if each.dataset in wanted] or TARGETS
    counts: Counter[Result] = Counter()
    for target in targets:
        with tempfile.TemporaryDirectory() as folder:
            vintages = Vintages(target, Path(folder))
            for each in edits:
                result, said = run(vintages, each)
                counts[result] += 1
                shown = " ".join(said.split())[:SHOWN]
                print(f"{result:10} {each.name:34} {target.dataset:40} {shown}", flush=True)
    print(", ".join(f"{count} {result}" for result, count in sorted(counts.items())))
    sys.exit(1 if counts["SILENT"] or counts["UNNAMED"] or counts["FALSE"] else 0)


if __name__ == "__main__":
    main()
