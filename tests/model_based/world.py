"""A project of two datasets that commands work on, beside the naive model of them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import duckdb
import pyarrow.parquet as pq
import pytest

from model.errors import OpenIndicatorsError
from pipelines.catalogue import load_catalogue
from pipelines.cli.confirm.command import confirm
from pipelines.cli.quality.quarantine import quarantine
from pipelines.cli.review import decisions as decide
from pipelines.cli.run import run
from pipelines.connections import open_portals
from pipelines.integrity import inspect
from pipelines.quality.report import ReleaseWithReport
from pipelines.settings import Settings
from tests.fixtures.answers import new_answered
from tests.fixtures.commands import openindicators
from tests.fixtures.projects import for_this_city
from tests.model_based.naive import MOST, TOLERANCE, Key, NaiveDataset, Rows
from warehouse.store import drafts, ledger, packing, packs, releases
from warehouse.store.data_dir import DataDir

ROOMS, BEDS = "tourism/hotel_rooms", "health/hospital_beds"
BEGINNING = datetime(2026, 10, 1, tzinfo=UTC)
KEYS = [(area, str(year)) for area in ("01", "48") for year in range(2015, 2023)]
HAPPENED: Counter[str] = Counter()  # how often what was done, in this process
PLAUSIBLE = f"""\
  - type: expect_column_values_to_be_between
    kwargs: {{column: obs_value, max_value: {MOST}}}
    severity: critical
    name: plausible
"""


def make_template(folder: Path) -> None:
    """Make the project and its data folder with a first release of each dataset."""
    world = World(folder)
    for_this_city(world.project)
    with world.environment():
        for name in world.datasets:
            new_answered(name)
            suite = world.project / "expectations" / f"{name}.yaml"
            suite.write_text(suite.read_text("utf-8") + PLAUSIBLE, "utf-8")
            world.edit(name, "frequency: A ", f"tolerance: {TOLERANCE}\nfrequency: A ")
            world.write_source(name)
    world.run()
    assert [len(each.releases) for each in world.datasets.values()] == [1, 1]


class World:
    """The project in a folder. Each command has an hour of its own.

    worth: how many bytes of earlier releases are worth a pack; 1 for the smallest release.
    """

    def __init__(self, folder: Path, worth: int = 1) -> None:
        self.project, self.data_dir = folder / "project", DataDir(folder / "data")
        self.worth = worth
        self.said = ""  # by the last command
        self.datasets = {
            name: NaiveDataset({key: str(100 + n % 3) for n, key in enumerate(KEYS)})
            for name in (ROOMS, BEDS)
        }
        self.hour = 0
        self.is_settled = False  # whether no kill has left anything to a next run
        self.taken: dict[str, dict[Key, str]] = {}  # what the last snapshots hold, where known
        self.seen: dict[tuple[str, int], tuple[str, ...]] = {}  # checksums of each release

    @classmethod
    def begun(cls, template: Path, folder: Path, worth: int = 1) -> Self:
        """Return a copy of the template, after its first run."""
        shutil.copytree(template, folder, dirs_exist_ok=True)
        world = cls(folder, worth)
        world.hour = 1
        for each in world.datasets.values():
            each.run(world.now)
        world.is_settled = True
        return world

    @property
    def now(self) -> datetime:
        return BEGINNING + timedelta(hours=self.hour)

    # --- Commands

    @contextlib.contextmanager
    def environment(self):
        with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
            for name, value in self.variables().items():
                patch.setenv(name, value)
            patch.setattr(packing, "WORTH", self.worth)
            said = io.StringIO()
            for stream in (contextlib.redirect_stdout, contextlib.redirect_stderr):
                stack.enter_context(stream(said))
            try:
                yield
            finally:
                self.said = said.getvalue()

    def variables(self) -> dict[str, str]:
        return {
            "OPENINDICATORS_PROJECT": str(self.project), "OPENINDICATORS_WORKERS": "1",
            "OPENINDICATORS_DATA_DIR": str(self.data_dir.root),
            "SOURCE_DATE_EPOCH": str(int(self.now.timestamp())),
        }

    def command(self, what: str, given: Callable[[], object]) -> object:
        """Give a command an hour after the last one."""
        self.hour += 1
        HAPPENED[what] += 1
        with self.environment():
            return given()

    def run(self) -> None:
        """Run all datasets; what is blocked or not ready is told by the exit code."""
        code = self.command("run", self.given_run)
        well = True
        for name, each in self.datasets.items():
            each.run(self.now)
            if each.is_confirmed and not each.is_withdrawn:
                self.taken[name] = dict(each.source)
            well &= each.is_withdrawn or (each.is_confirmed and not each.is_blocked)
        assert (code == 0) == well, f"exit code {code}: {self.said}"
        self.is_settled = True

    def given_run(self) -> int:
        """Give a run in this process, and return its exit code."""
        return run()

    def killed_run(self, at: int) -> None:
        """Kill a run at a change of the disk: each dataset is as before it, or as after it."""
        self.hour += 1
        said = openindicators(self.data_dir.root, "run", KILL_AT=str(at), **self.variables())
        ended = said.code
        assert "Traceback" not in said.err, said.err
        HAPPENED["killed run" if ended < 0 else "run"] += 1
        self.is_settled &= ended >= 0
        self.taken.clear()
        for name, each in self.datasets.items():
            with self.data_dir.dataset_lock(name):  # the last of the killed processes lets go of it
                made, waiting = self.numbers(name), drafts.waiting(self.data_dir, name)
            had, draft = len(each.releases), each.draft
            each.run(self.now)
            if ended >= 0:
                continue
            if len(made) == had:
                del each.releases[had:]
            if waiting is None or (draft and waiting.release.number == draft.number
                                   and rows_of(waiting.path("data.parquet")) == draft.rows):
                each.draft = draft if waiting else None
            assert len(made) == len(each.releases), f"{name}: {made}"

    def numbers(self, name: str) -> list[int]:
        return [int(path.name) for path in
                ledger.folders(self.data_dir, name, ledger.entries(self.data_dir, name))]

    def rollback(self, name: str, to: int) -> None:
        each = self.datasets[name]
        try:
            self.command("rollback", lambda: decide.rollback(name, to, "because", "test"))
        except OpenIndicatorsError as error:
            assert "already" in str(error), error
            assert each.releases[to - 1].rows == each.releases[-1].rows
            return
        each.rollback(to, self.now)

    def withdraw(self, name: str) -> None:
        self.command("withdraw", lambda: decide.withdraw(name, "it ended", None, "test"))
        self.datasets[name].withdraw(self.now)
        for folder in ("assets", "expectations"):
            (self.project / folder / f"{name}.yaml").unlink()

    def approve(self, name: str) -> None:
        each, refused = self.datasets[name], False
        try:
            self.command("approve", lambda: decide.approve(name, None, "test"))
        except OpenIndicatorsError as error:
            refused = True
            assert "came out after the draft" in str(error), error
        assert each.approve(self.now) != refused

    def reject(self, name: str) -> None:
        self.command("reject", lambda: decide.reject(name, "no", None, "test"))
        self.datasets[name].reject()

    def acceptable(self) -> list[tuple[str, Key]]:
        """Return the rows that are held back for their size by the last runs."""
        return [
            (name, key) for name, each in self.datasets.items() for key in sorted(each.held)
            if each.source[key].isdecimal() and each.is_confirmed and not each.is_withdrawn
            and self.taken.get(name) == each.source
        ]

    def accept(self, name: str, key: Key) -> None:
        """Accept a row that is held back for its size."""
        with self.environment():
            held = io.StringIO()
            with contextlib.redirect_stdout(held):
                quarantine(name, as_json=True)
        row = next(each["row"] for each in json.loads(held.getvalue())
                   if (each["values"]["ref_area"], each["values"]["time_period"]) == key)
        self.command("accept", lambda: quarantine(
            name, accept=[row], reason="so it is", by="test"
        ))
        each = self.datasets[name]
        each.accepted.add((key, each.source[key]))

    def confirm(self, name: str) -> None:
        self.command("confirm", lambda: confirm(name, ["licence=DA-NANG-OPEN"], False, "test"))
        self.datasets[name].is_confirmed = True

    def prune(self) -> None:
        """Let packs be older than an hour, and remove what can be made again."""
        shutil.rmtree(self.data_dir.root / "tables", ignore_errors=True)
        for path in (self.data_dir.root / "packs").rglob("*"):
            os.utime(path, (time.time() - 2 * packs.SECONDS,) * 2)

    # --- What people write

    def source_path(self, name: str) -> Path:
        return self.data_dir.root / "inbox" / f"{name.split('/')[1]}.csv"

    def write_source(self, name: str) -> None:
        lines = [f"{area},{year},{text}\n" for (area, year), text in
                 sorted(self.datasets[name].source.items())]
        self.source_path(name).write_text("area,year,value\n" + "".join(lines), "utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.project / "assets" / f"{name}.yaml"
        text = path.read_text("utf-8")
        assert old in text, (old, text)
        path.write_text(text.replace(old, new, 1), "utf-8")

    def declare_anew(self, name: str) -> None:
        each = self.datasets[name]
        each.declaration += 1
        self.edit(name, "keywords: {vi: [", f'keywords: {{vi: ["{each.declaration}", ')

    def set_review(self, name: str, required: bool) -> None:
        words = ("tolerance:", "review: required\ntolerance:")
        self.edit(name, *(words if required else reversed(words)))
        self.datasets[name].review = required

    def leave_open(self, name: str) -> None:
        self.edit(name, "licence: DA-NANG-OPEN", 'licence: "?"')
        self.datasets[name].is_confirmed = False

    # --- What must be true

    def check(self) -> None:
        """Check the promises; those about what is public only where no kill is unfinished."""
        for name in self.datasets:
            self.check_releases(name)
        if self.is_settled:
            self.check_as_of()
            self.check_site()
            damages = inspect(self.data_dir).damages
            assert not damages, damages

    def check_releases(self, name: str) -> None:
        """Releases never change, numbers are used once, and change sets add up."""
        each, added_up = self.datasets[name], {}
        history = releases.history(self.data_dir, name)
        assert [item.release.number for item in history] == [
            number + 1 for number in range(len(each.releases))
        ]
        for naive, stored in zip(each.releases, history, strict=True):
            number, release = stored.release.number, stored.release
            checksums = (ledger.entries(self.data_dir, name)[number].sha256
                         if number in ledger.entries(self.data_dir, name) else "",
                         *(file.sha256 for file in release.files))
            is_new = (name, number) not in self.seen
            known = self.seen.setdefault((name, number), checksums)
            assert known[1:] == checksums[1:] and known[0] in ("", checksums[0]), (name, number)
            self.seen[name, number] = checksums
            stored.verify()
            assert release.issued == naive.issued
            added_up = applied(added_up, stored.path("changes.parquet"))
            assert added_up == naive.rows, (name, number)
            if is_new or number == len(history) or self.hour % 5 == 0:
                assert rows_of(stored.path("data.parquet")) == naive.rows, (name, number)
                assert release.quarantined == len(naive.held), (name, number)
        draft = drafts.waiting(self.data_dir, name)
        if draft is None or each.draft is None:
            assert draft is None and each.draft is None, (name, draft, each.draft)
        else:
            assert draft.release.number == each.draft.number
            assert rows_of(draft.path("data.parquet")) == each.draft.rows

    def check_as_of(self) -> None:
        """What was current at a moment is what the model says, in the views and in the store."""
        moments = sorted({
            each.issued + timedelta(minutes=minutes)
            for dataset in self.datasets.values() for each in dataset.releases
            for minutes in (-1, 0)
        })
        with duckdb.connect(str(self.data_dir.catalogue), read_only=True) as con:
            con.execute("SET TimeZone = 'UTC'")
            for moment in moments[-6:] + moments[:2]:
                found: dict[str, Rows] = {name: {} for name in self.datasets}
                for dataset, area, period, value in con.execute(
                    "SELECT dataset, ref_area, time_period, obs_value"
                    f" FROM observations_as_of(TIMESTAMPTZ '{moment.isoformat()}')"
                ).fetchall():
                    found[dataset][area, period] = value
                assert found == {
                    name: each.as_of(moment) for name, each in self.datasets.items()
                }, moment
        for name, each in self.datasets.items():
            for moment in moments[-2:]:
                stored = releases.as_of(self.data_dir, name, moment)
                rows = rows_of(stored.path("data.parquet")) if stored else {}
                assert rows == each.as_of(moment)

    def check_site(self) -> None:
        """The site has nothing left to do, and offers the rows of the current release."""
        with self.environment():
            settings = Settings.from_environment()
            portal, = open_portals(settings, load_catalogue(settings).registries)
            for name, each in self.datasets.items():
                history = releases.history(self.data_dir, name)
                plan = portal.plan([ReleaseWithReport(self.data_dir, item) for item in history])
                assert {line.change for line in plan} == {"="}, (name, plan)
                short = name.split("/")[1]
                file = self.data_dir.site / "datasets" / name / f"{short}.csv"
                assert file.exists() != each.is_withdrawn, file
                if not each.is_withdrawn:
                    with file.open(encoding="utf-8-sig", newline="") as opened:
                        shown = {(row["ref_area"], row["time_period"]): float(row["obs_value"])
                                 for row in csv.DictReader(opened)}
                    assert shown == each.releases[-1].rows, name


def rows_of(path: Path) -> Rows:
    """Return the observations of a table of ours."""
    columns = ["ref_area", "time_period", "obs_value"]
    table = pq.read_table(path, columns=columns).to_pylist()
    found = {(row["ref_area"], row["time_period"]): row["obs_value"] for row in table}
    assert len(found) == len(table)
    return found


def applied(rows: Rows, path: Path) -> Rows:
    """Return rows after a release's changes, each of which must speak of what is there."""
    found = dict(rows)
    for row in pq.read_table(path).to_pylist():
        key = row["ref_area"], row["time_period"]
        assert found.get(key) == row["old_value"], row
        if row["change"] == "withdrawn":
            del found[key]
        else:
            assert (row["change"] == "added") == (key not in found), row
            found[key] = row["new_value"]
    return found
