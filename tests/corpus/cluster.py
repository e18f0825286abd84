"""Run all declarations of a test project on a Spark cluster and on one machine; compare the bytes.

    python -m tests.corpus.cluster tests/corpus/project --files ../shared/data

`make corpus-cluster` and `make danang-cluster` run it. Fails where any file of a release differs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from model.util.hashing import sha256_file


def main() -> int:
    """Run both, and print how many files were compared."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("project", type=Path)
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--master", default="local-cluster[2,1,1024]")
    parser.add_argument("--keep", type=Path, help="where the two data folders are made and stay")
    asked = parser.parse_args()
    now = time.time()  # the same for both: what begins later than a source was read is rejected
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        alone = _run(asked.project, asked.files, folder / "alone", "", now)
        cluster = _run(asked.project, asked.files, folder / "cluster", asked.master, now)
    different = sorted(
        path for path in alone.keys() | cluster.keys() if alone.get(path) != cluster.get(path)
    )
    releases = sum(path.endswith("/data.parquet") for path in alone)
    print(f"{releases} releases, {len(alone)} files compared; different: {different or 'none'}")
    return 1 if different or not alone else 0


def _run(project: Path, files: Path, home: Path, master: str, now: float) -> dict[str, str]:
    """Run everything into a new data folder; return the checksums of what was released."""
    environment = {
        **os.environ, "OPENINDICATORS_PROJECT": str(project), "OPENINDICATORS_FILES": str(files),
        "OPENINDICATORS_DATA_DIR": str(home), "OPENINDICATORS_SPARK_MASTER": master,
        "OPENINDICATORS_SPARK_FROM": "0", "SOURCE_DATE_EPOCH": str(int(now)),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli.main", "run", "--profile", "live"],
        env=environment, check=False,
    )
    print(f"{master or 'one machine'}: exit code {done.returncode}", flush=True)
    folder = home / "releases"
    return {
        str(path.relative_to(folder)): sha256_file(path)
        for path in sorted(folder.rglob("*")) if path.is_file()
    }


if __name__ == "__main__":
    sys.exit(main())
