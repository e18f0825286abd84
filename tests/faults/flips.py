"""Flip bits and cut bytes all over a data folder: each must be found, and most be restored.

    python -m tests.faults.flips DATA_DIR --flips 10000 --seed 1

The data folder is copied first, and the releases before the current ones are packed, whatever their
size, with nothing left in full. `make flips` runs 10,000, the tests a few hundred.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from model.util import hashing
from pipelines.integrity import inspect
from warehouse.store import packing, packs
from warehouse.store.data_dir import DataDir
from warehouse.store.working_tables import CHECKSUMS

# What is not ours, is checked by its reader, or says nothing: Dagster's history, locks, the inbox,
# what the system writes about itself before each time that it reads it.
NOT_OURS = (
    "dagster", "locks", "inbox", "tmp", "unpacked", "fetch_sessions", "warehouse.duckdb", "record",
)
BATCH = 15  # files that are damaged at a time


def ours(root: Path) -> list[Path]:
    """Return every file of a data folder that `doctor` answers for."""
    return [
        path for path in sorted(root.rglob("*"))
        if path.is_file() and path.stat().st_size
        and path.relative_to(root).parts[0] not in NOT_OURS and not path.name.endswith(".lock")
    ]


def flip(path: Path, at: int) -> None:
    """Flip one bit of a file, as a failing disk does: size and times stay."""
    before = path.stat()
    data = bytearray(path.read_bytes())
    data[at // 8 % len(data)] ^= 1 << at % 8
    path.write_bytes(bytes(data))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    hashing._known.clear()  # what a new process knows


def cut(path: Path) -> None:
    """Cut the end of a file: more than the newline at the end of JSON, which says nothing."""
    path.write_bytes(path.read_bytes()[:-2])
    hashing._known.clear()


def kind_of(path: Path, root: Path) -> str:
    """Return what kind of file a path is, for the count."""
    parts = path.relative_to(root).parts
    return f"{parts[0]}/…/{parts[-1]}" if parts[0] != "site" else f"site/…{path.suffix}"


def sample(root: Path, flips: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Damage files in batches, undo it; return how many of each kind, and what was not found."""
    chance, files, done = random.Random(seed), ours(root), Counter[str]()
    missed: list[str] = []
    while done.total() < flips:
        chosen = chance.sample(files, min(BATCH, len(files), flips - done.total()))
        before = {path: (path.read_bytes(), path.stat()) for path in chosen}
        for path in chosen:
            done[kind_of(path, root)] += 1
            if chance.random() < 0.1 and path.suffix != ".jsonl":  # a torn line is a crash's
                cut(path)
            else:
                flip(path, chance.randrange(8 * len(before[path][0])))
        damaged = {path: path.read_bytes() for path in chosen}
        found = found_in(root)
        unseen = [path for path in chosen if not is_named(path, found)]
        for path in chosen:
            _put(path, *before[path])
        for path in unseen:  # alone: what has the file's checksum may have been damaged with it
            _put(path, damaged[path], before[path][1])
            if not is_named(path, found_in(root)):
                pairs = enumerate(zip(before[path][0], damaged[path], strict=False))
                at = next((n for n, (old, new) in pairs if old != new), -1)
                missed.append(f"{path.relative_to(root)}, byte {at} of {len(before[path][0])}")
            _put(path, *before[path])
    return done, missed


def found_in(root: Path) -> set[Path]:
    """Return the damaged files that `doctor` finds in a data folder."""
    return {damage.path for damage in inspect(DataDir(root)).damages}


def is_named(path: Path, found: set[Path]) -> bool:
    """Return whether a file is among the `found`; of working tables, one of the same folder."""
    return path in found or (
        path.name == CHECKSUMS and any(other.parent == path.parent for other in found)
    )


def _put(path: Path, data: bytes, times: os.stat_result) -> None:
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    hashing._known.clear()


def main() -> int:
    """Run a sample on a copy of a data folder."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--flips", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="openindicators-flips-") as folder:
        root = Path(folder) / "data"
        shutil.copytree(given.data_dir, root)
        packing.WORTH = 1
        packing.pack_all(DataDir(root))
        packs.remove_packed(DataDir(root), 0)
        done, missed = sample(root, given.flips, given.seed)
    for kind, count in sorted(done.items()):
        print(f"{count:6} {kind}")
    print(f"{done.total()} damages of {len(done)} kinds of files, {len(missed)} not found")
    print("\n".join(missed[:50]))
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
