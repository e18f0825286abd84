"""Cut the power at any moment of a commit: only what was synced is sure to survive.

    python -m tests.faults.power_cuts --cuts 100000 --seed 1

A commit (snapshot, release, ledger; or a pack, with the removal of what it holds) runs once on a
file system in memory. After each change of the disk, the whole tree is recorded, and what was
synced. From that come states as a power cut may leave them: of a file's bytes those of its last
sync, or newer ones, whole, torn or as zeros; of the names in a folder those of its last sync, and
any of the changes since (a name that is not synced in its folder may be lost, with all below it).
Each state is opened as the next run opens it, and some are run to the end. `make power-cuts` makes
100,000, the tests a few dozen.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

from model.errors import OpenIndicatorsError
from model.records.snapshot import Part
from model.util import hashing
from model.util.hashing import sha256_file
from pipelines.integrity import inspect
from tests.fixtures.datasets import dataset
from tests.warehouse.test_releases import validate
from warehouse.store import ledger, packing, packs, releases, snapshots
from warehouse.store.data_dir import DataDir

MEMORY = Path("/dev/shm")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAME = dataset().id
CHANGES = ("rename", "replace", "mkdir", "rmdir", "link", "unlink", "remove", "fsync", "open")
PACK = 3  # the number of the commit that packs the releases before it


@dataclass
class Tree:
    """A folder at a moment: the bytes of each file, the names in each folder, by inode."""

    files: dict[int, bytes] = field(default_factory=dict)
    folders: dict[int, dict[str, int]] = field(default_factory=dict)

    @staticmethod
    def of(root: Path) -> Tree:
        found = Tree()
        for folder, _, _ in os.walk(root):
            names = found.folders[os.stat(folder).st_ino] = {}
            for entry in os.scandir(folder):
                names[entry.name] = entry.inode()
                if entry.is_file():
                    found.files[entry.inode()] = Path(entry.path).read_bytes()
        return found


@dataclass
class Recording:
    """What a commit did to a folder: its trees, oldest first, and when what was synced."""

    root: Path
    trees: list[Tree] = field(default_factory=list)
    synced: list[tuple[int, int]] = field(default_factory=list)  # number of the tree, inode
    done: int = 0  # from this tree on, the commit had returned

    @contextmanager
    def running(self) -> Iterator[None]:
        """Record every change that this process makes."""
        self.trees.append(Tree.of(self.root))
        originals = {name: getattr(os, name) for name in CHANGES}

        def recorded(name: str) -> Callable[..., Any]:
            def call(*arguments: Any, **options: Any) -> Any:
                self._look()  # what was written since, by DuckDB too
                result = originals[name](*arguments, **options)
                if name == "fsync":
                    self.synced.append((len(self.trees) - 1, os.fstat(arguments[0]).st_ino))
                else:
                    self._look()
                return result
            return call

        with patch.multiple(os, **{name: recorded(name) for name in CHANGES}):
            yield
        self._look()
        self.done = len(self.trees) - 1

    def _look(self) -> None:
        now = Tree.of(self.root)
        if now != self.trees[-1]:
            self.trees.append(now)

    def state(self, at: int, chance: random.Random) -> Tree:
        """Return a tree that a power cut after the change number `at` may leave."""
        sure: dict[int, int] = {}
        for number, inode in self.synced:
            if number <= at:
                sure[inode] = number
        seen = self.trees[: at + 1]
        files, folders = {}, {}
        for inode in {each for tree in seen for each in tree.files}:
            versions = [tree.files[inode] for tree in seen[sure.get(inode, 0):]
                        if inode in tree.files]
            first = inode in self.trees[0].files or inode in sure
            if not versions:  # it is gone by now, and some folder may still name it
                versions = [next(t.files[inode] for t in reversed(seen) if inode in t.files)]
            files[inode] = _torn(versions, first, chance)
        for inode in {each for tree in seen for each in tree.folders}:
            known = [tree.folders[inode] for tree in seen[sure.get(inode, 0):]
                     if inode in tree.folders]
            start = inode in self.trees[0].folders or inode in sure
            folders[inode] = _some_changes(known if start else [{}, *known], chance)
        return Tree(files, folders)


def _torn(versions: list[bytes], sure: bool, chance: random.Random) -> bytes:
    """Return bytes that a file may have: those of the first version, if that is sure, or newer."""
    chosen = chance.randrange(-1 if not sure else 0, len(versions))
    if chosen < 0:
        return b""
    data = versions[chosen]
    if (chosen == 0 and sure) or chance.random() < 0.5:
        return data
    kept = versions[0] if sure and data.startswith(versions[0]) else b""
    cut = chance.randint(len(kept), len(data))
    return data[:cut] + (bytes(len(data) - cut) if chance.random() < 0.5 else b"")


def _some_changes(versions: list[dict[str, int]], chance: random.Random) -> dict[str, int]:
    """Return the names that a folder may have: the first ones, and some of the changes since.

    Half of the time they are lost from a moment on, as a journal loses them, else any of them.
    """
    names, until = dict(versions[0]), chance.randint(0, len(versions) - 1)
    in_order = chance.random() < 0.5
    for number, (before, after) in enumerate(pairwise(versions)):
        if number >= until if in_order else chance.random() < 0.5:
            continue
        for name in before.keys() - after.keys():
            names.pop(name, None)
        names |= {name: inode for name, inode in after.items() if before.get(name) != inode}
    return names


def write(tree: Tree, root: int, folder: Path) -> None:
    """Write a tree to a new folder, from its root's inode on."""
    folder.mkdir()
    for name, inode in tree.folders[root].items():
        if inode in tree.folders:
            write(tree, inode, folder / name)
        elif inode in tree.files:
            (folder / name).write_bytes(tree.files[inode])


@dataclass
class Commits:
    """Releases of a dataset, and a pack of all but the last one, to be committed to a folder."""

    folder: Path

    def __post_init__(self) -> None:
        self._made = []
        for number in range(PACK):
            values = {"2023": "1", "2024": str(number + 2)}
            work = DataDir(self.folder / f"work{number}")
            work.prepare()
            part = self.folder / f"part{number}.csv"
            part.write_text(f"area,year,value\n48,2023,1\n48,2024,{number + 2}\n")
            validated, inputs = validate(work, values, "abc"[number])
            self._made.append((part, validated, inputs))

    def commit(self, data_dir: DataDir, number: int) -> None:
        """Store a snapshot, and make a release of it; or pack what there is, and remove it."""
        if number == PACK:
            with patch.object(packing, "WORTH", 1):
                packing.pack_all(data_dir)
            packs.remove_packed(data_dir, 0)
            return
        path, validated, inputs = self._made[number]
        part = Part(name="a.csv", url="https://x/", sha256=sha256_file(path), bytes=1)
        snapshots.save(
            data_dir, NAME, [(part, path)], protocol="csv", options={}, licence="CC-BY-4.0",
            retrieved=NOW, profile="sample",
        )
        issued = NOW + timedelta(days=number)
        releases.make(data_dir, dataset(), validated, inputs, issued)

    def record(self, number: int) -> Recording:
        """Return what the commit of a `number` does to a folder with those before it."""
        root = self.folder / f"recorded{number}"
        shutil.rmtree(root, ignore_errors=True)
        data_dir = DataDir(root)
        data_dir.prepare()
        data_dir.claim("sample")
        for earlier in range(number):
            self.commit(data_dir, earlier)
        found = Recording(root)
        with found.running():
            self.commit(data_dir, number)
        return found


def wrong(data_dir: DataDir, before: int, sure: int) -> str:
    """Return what is wrong with a folder after a power cut; "" where nothing is.

    So many releases were there `before` the commit, and so many are `sure`: what was committed.
    """
    hashing._known.clear()
    try:
        with data_dir.run_lock():
            history = releases.history(data_dir, NAME)
            for stored in history:
                stored.verify()
            snapshots.intact(data_dir, NAME)
            ledger.next_number(data_dir, NAME)
        damages = [each for each in inspect(data_dir).damages if not each.derived]
    except OpenIndicatorsError as error:
        return str(error)
    if damages:
        return f"{damages[0].path.relative_to(data_dir.root)} {damages[0].what}"
    most = min(before + 1, PACK)
    if not min(max(before, sure), PACK) <= len(history) <= most:
        return f"{len(history)} releases, {sure} were committed"
    return ""


def cut(
    commits: Commits, recording: Recording, number: int, chance: random.Random, rerun: bool
) -> str:
    """Cut the power once during the commit of a `number`; return what went wrong."""
    at = chance.randrange(len(recording.trees))
    after = chance.random() < 0.3  # a third of the cuts come when the commit has returned
    at = recording.done if after else at
    tree = recording.state(at, chance)
    folder = commits.folder / "cut"
    shutil.rmtree(folder, ignore_errors=True)
    write(tree, os.stat(recording.root).st_ino, folder)
    data_dir = DataDir(folder)
    said = wrong(data_dir, number, number + 1 if after else number)
    if said or not rerun:
        return said and f"at change {at} of {recording.done}: {said}"
    with data_dir.run_lock():
        commits.commit(data_dir, number)
    made = f"packs/{NAME}/1-{PACK - 1}" if number == PACK else f"releases/{NAME}/{number + 1}"
    expected, found = recording.root / made, folder / made
    names = sorted(path.name for path in expected.iterdir())
    same = names == sorted(path.name for path in found.iterdir()) and all(
        (expected / name).read_bytes() == (found / name).read_bytes() for name in names
    )
    if not same:
        return f"at change {at}: the next run makes other bytes of {made}"
    return wrong(data_dir, number, number)


def main() -> int:
    """Cut the power many times."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cuts", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance, bad = random.Random(given.seed), 0
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        commits = Commits(Path(folder))
        recordings = {number: commits.record(number) for number in (0, 1, PACK)}
        for done in range(given.cuts):
            number = chance.choice(list(recordings))
            said = cut(commits, recordings[number], number, chance, rerun=done % 50 == 0)
            bad += bool(said)
            if said and bad <= 20:
                print(f"cut {done}, commit {number}: {said}", flush=True)
    changes = ", ".join(str(each.done) for each in recordings.values())
    print(f"{given.cuts} power cuts in commits of {changes} changes, {bad} with a loss")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
