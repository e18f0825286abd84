"""What one release more costs with many before it: release, views, site, comparing all files.

    python -m bench.long_history [--releases 30 300 1000] [--rows 200]

Four releases of a dataset are made and published; the third and the fourth, which revise 1 % back
and forth, are then repeated under the numbers that follow, in the data folder and on the site, as
publishing a thousand takes too long. Nothing is packed here: `bench.history` measures packs.
Printed in seconds of processor time:

    views       making `warehouse.duckdb` again
    history     reading all records, as a process does first
    same        publishing again what is published
    release     making the next release
    publish     publishing it, with pages, feeds and the table of revisions
    doctor      comparing every file with its record

The last lines have the growth exponents from each number of releases to the next.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import tempfile
from datetime import timedelta
from functools import partial
from pathlib import Path

from bench.data import sample_dataset
from bench.history import FIRST, Source, processor_time
from model.records.release import Inputs, Release
from model.reference.city import use_project
from model.reference.registries import load_registries
from model.util.hashing import pretty_json, sha256_json
from pipelines import integrity
from pipelines.settings import PACKAGED
from portal.site.site import Site
from portal.site_folder.release_files import write_checksums
from portal.site_folder.state import CHECKSUMS, DatasetState, read_state
from warehouse.store import catalogue, ledger, releases
from warehouse.store.data_dir import DataDir

MADE = 4


class History:
    """A dataset with a number of releases (`count`) of so many `rows`, in a `folder`."""

    def __init__(self, folder: Path, count: int, rows: int) -> None:
        self.data_dir, self.dataset = DataDir(folder / "data"), sample_dataset()
        self.data_dir.prepare()
        registries = load_registries(PACKAGED)
        self.site = Site(self.data_dir.site, registries)
        self.source = Source(folder, self.dataset, rows, max(1, rows // 100), "spread")
        [(code, indicator), *_] = self.dataset.indicators.items()
        areas = [entry.code for entry in registries.codelists["country"].entries][-100:]
        self.source.con.execute(
            f"UPDATE t SET indicator = '{code}', unit_measure = '{indicator.unit}',"
            f" ref_area = {areas!r}[substr(ref_area, 2)::INTEGER + 1]"
        )
        for number in range(1, MADE + 1):
            if number == MADE:
                self.source.con.execute("DROP TABLE t; ALTER TABLE second RENAME TO t")
            elif number > 1:
                self.source.revise()
            if number == 2:
                self.source.con.execute("CREATE TABLE second AS FROM t")
            self.release(number)
            self.publish()
        self._repeat(count)

    def release(self, number: int) -> None:
        """Make the release `number` of what the source has."""
        inputs = Inputs(f"{number:064d}", "d" * 64, "e" * 64, "bench")
        at = FIRST + timedelta(days=number)
        releases.make(self.data_dir, self.dataset, self.source.validated(), inputs, at)

    def publish(self) -> None:
        """Bring the site to the releases."""
        self.site.apply(list(releases.history(self.data_dir, self.dataset.id)))

    def _repeat(self, count: int) -> None:
        own = self.data_dir.releases(self.dataset.id)
        folder = self.site.folder / "datasets" / self.dataset.id
        state = read_state(DatasetState, folder / "dataset.json")
        if state is None:
            raise SystemExit("nothing was published")
        shown = list(state.releases)
        for number in range(MADE + 1, count + 1):
            of = MADE - number % 2
            shutil.copytree(own / str(of), own / str(number), copy_function=os.link)
            path = own / str(number) / ledger.RECORD
            release = Release.model_validate_json(path.read_bytes()).model_copy(update={
                "number": number, "issued": FIRST + timedelta(days=number),
                "inputs_sha256": f"{number:064d}",
            })
            path.unlink()
            path.write_text(pretty_json(release), encoding="utf-8")
            shown.append(shown[of - 1].model_copy(update={
                "number": number, "issued": release.issued, "record_sha256": sha256_json(release),
            }))
        for number in range(MADE, count + 1):
            target = folder / "releases" / str(number)
            if not target.exists():
                shutil.copytree(folder / "releases" / "3", target, copy_function=os.link)
            for file in shown[number - 1].files if number % 2 == 0 else ():
                (target / file.name).unlink(missing_ok=True)
                os.link(folder / file.name, target / file.name)
        ledger.enter(self.data_dir, self.dataset.id)
        now = state.model_copy(update={"release": count, "releases": tuple(shown)})
        (folder / "dataset.json").write_text(pretty_json(now), encoding="utf-8")
        (folder / CHECKSUMS).unlink()
        write_checksums(folder)

    def costs(self, count: int) -> dict[str, float]:
        """Return the seconds of each piece of work after so many releases (`count`)."""
        views = partial(catalogue.refresh, self.data_dir)
        found = {
            "views": processor_time(views),
            "history": processor_time(
                lambda: releases.history(self.data_dir, self.dataset.id)
            ),
        }
        self.publish()  # the shared pages do not know what was repeated
        found["same"] = processor_time(self.publish)
        self.source.revise()
        found["release"] = processor_time(partial(self.release, count + 1))
        found["publish"] = processor_time(self.publish)
        found["doctor"] = processor_time(partial(integrity.inspect, self.data_dir))
        return found


def main() -> None:
    """Print a line for each number of releases, and how the costs grow."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--releases", type=int, nargs="+", default=[30, 300, 1000])
    parser.add_argument("--rows", type=int, default=200)
    asked = parser.parse_args()
    use_project(PACKAGED)
    before: tuple[int, dict[str, float]] | None = None
    for count in sorted(asked.releases):
        with tempfile.TemporaryDirectory() as folder:
            found = History(Path(folder), count, asked.rows).costs(count)
        print(f"{count} releases:", {name: round(each, 3) for name, each in found.items()})
        if before is not None:
            step = math.log(count / before[0])
            growth = {name: round(math.log(each / before[1][name]) / step, 2)
                      for name, each in found.items()}
            print(f"  growth exponents from {before[0]}:", growth, flush=True)
        before = count, found


if __name__ == "__main__":
    main()
