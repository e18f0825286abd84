"""The commands that are killed, with the folders before them (`tests.faults.kills`).

They are a run with two datasets and one that is computed from them, another one with a history that
is packed, the workbooks that a department sent in, of which one is blocked, what people decide
about a dataset, and a folder that they restore.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from tests.faults.flips import flip
from tests.faults.kills import Case, Command, case_of, run
from tests.faults.test_bad_input import BEDS, ROOMS, Bench
from tests.pipelines.submissions.test_submit import Department, fill_in
from tests.pipelines.test_computed_run import COMPUTED, DECLARATION
from warehouse.store import packs
from warehouse.store.data_dir import DataDir

BLOCKED = 5  # the exit code of a release that is blocked
RUN = Command(("run",))


def computed_run(folder: Path) -> Case:
    """Return a run with news of two datasets, and of one that is computed from them."""
    bench = Bench(folder)
    bench.make(ROOMS, BEDS, SOURCE_DATE_EPOCH="1780000000")
    bench.declaration(COMPUTED).write_text(DECLARATION, encoding="utf-8")
    for dataset, value in ((ROOMS, 5), (BEDS, 77)):
        bench.table(dataset).write_text(f"area,year,value\n48,2023,5\n48,2024,{value}\n")
    return case_of(folder, bench.project, bench.data_dir, RUN)


def packed_run(folder: Path) -> Case:
    """Return such a run that packs a release more, and removes what was packed an hour ago."""
    bench = Bench(folder)
    bench.make(ROOMS, BEDS, SOURCE_DATE_EPOCH="1780000000")
    bench.declaration(COMPUTED).write_text(DECLARATION, encoding="utf-8")
    for value in range(6, 9):
        for dataset in (ROOMS, BEDS):
            bench.table(dataset).write_text(f"area,year,value\n48,2023,5\n48,2024,{value}\n")
        if value < 8:
            epoch = str(1780000000 + 3600 * value)
            assert run(bench.project, bench.data_dir, RUN, SOURCE_DATE_EPOCH=epoch) == 0
    an_hour_later(bench)
    return case_of(folder, bench.project, bench.data_dir, RUN)


def submissions(folder: Path) -> Case:
    """Return what a department dropped in: a workbook that becomes a release, and a blocked one."""
    folder.mkdir(exist_ok=True)
    department = Department(folder)
    shares = department.project / "assets/tourism/shares.yaml"
    shares.write_text(shares.read_text("utf-8").replace("tolerance: 1", "tolerance: 0"), "utf-8")
    dropped = department.data / "inbox" / "submissions"
    dropped.mkdir(parents=True)
    right = fill_in(department.template("right.xlsx"), [("2024-02-28", 1.5), ("2024-02-29", 12)])
    wrong = fill_in(department.template("wrong.xlsx", "shares"), [("U", "2024-Q1", "seven")],
                    "Tỷ trọng")
    for path in (right, wrong):
        shutil.copy(path, dropped)
    # Once both are answered there is nothing to take in.
    command = Command(("submit", "--as", "Nguyễn Văn A/Sở"), code=BLOCKED, done=0)
    return case_of(folder, department.project, department.data, command)


def an_hour_later(bench: Bench) -> None:
    """Let the packs be so old that the next command removes what is in them."""
    for path in (bench.data_dir / "packs").rglob("*"):
        os.utime(path, (time.time() - 2 * packs.SECONDS,) * 2)


@dataclass(frozen=True)
class Decision:
    """What a person decides about a dataset.

    dataset: its id.
    command: the decision; the dataset's id and who decides are added.
    done: the exit code with which it is refused once it was taken.
    due: what the dataset has besides its first release, a second one if nothing else.
    after: the exit code of the next run.
    """

    dataset: str
    command: tuple[str, ...]
    done: int
    due: Literal["nothing", "draft", "blocked"] = "nothing"
    after: int = 0


WHY = ("--reason", "Counted twice")
DECISIONS = {
    "rollback": Decision(BEDS, ("rollback", *WHY, "--to", "1"), 6),
    # Its declaration is still there, which the run names; it publishes what was decided even so.
    "withdraw": Decision(BEDS, ("withdraw", *WHY, "--successor", ROOMS), 3, after=3),
    "approve": Decision("tourism/guides", ("approve",), 6, "draft"),
    "reject": Decision("health/clinics", ("reject", *WHY), 6, "draft"),
    "accept": Decision(ROOMS, ("accept", *WHY, "--check", "not_scaled"), 1, "blocked"),
}


def decisions(names: Sequence[str], folder: Path, *, damaged: bool = False) -> Case:
    """Return the case of the decisions with these names, one after the other.

    Where the folder is `damaged`, it is restored before them.
    """
    taken = [DECISIONS[name] for name in names]
    bench = decided_about(folder, taken)
    commands = [
        Command((each.command[0], each.dataset, *each.command[1:], "--by", "An"), done=each.done)
        for each in taken
    ]
    if damaged:
        damage(bench)
        commands.insert(0, Command(("doctor", "--restore")))
    after = Command(("run",), max((each.after for each in taken), default=0))
    return case_of(folder, bench.project, bench.data_dir, *commands, after=after)


def decided_about(folder: Path, due: Sequence[Decision]) -> Bench:
    """Return a project in which these decisions are due."""
    bench = Bench(folder)
    states = {ROOMS: "nothing", BEDS: "nothing", **{each.dataset: each.due for each in due}}
    bench.make(*states, SOURCE_DATE_EPOCH="1780000000")
    for dataset, state in states.items():
        rows = bench.table(dataset).read_text(encoding="utf-8").splitlines()
        if state == "blocked":
            rows[1:] = [f"{row}000" for row in rows[1:]]
        else:
            rows[-1] = rows[-1][:-1]
        bench.table(dataset).write_text("\n".join([*rows, ""]), encoding="utf-8")
        if state == "draft":
            with bench.declaration(dataset).open("a", encoding="utf-8") as file:
                file.write("review: required\n")
    code = BLOCKED if "blocked" in states.values() else 0
    assert run(bench.project, bench.data_dir, RUN, SOURCE_DATE_EPOCH="1780003600") == code
    an_hour_later(bench)
    return bench


def damage(bench: Bench) -> None:
    """Damage a dataset, of which a release is in a pack alone, in each way that can be repaired."""
    packs.remove_packed(DataDir(bench.data_dir))
    for pattern, *at in (
        (f"packs/{BEDS}/*/{packs.ROWS}", 800, 808),  # no single bit can be flipped back
        (f"ledger/{BEDS}.jsonl", 483), (f"snapshots/{BEDS}/*/snapshot.json", 483),
        (f"validation_log/{BEDS}/log.jsonl", 483), (f"tables/{BEDS}/*/table.parquet", 483, 491),
        (f"releases/{ROOMS}/*/quality.json", 483),
    ):
        path = sorted(bench.data_dir.glob(pattern))[-1]
        for each in at:
            flip(path, each)
    shutil.rmtree(bench.data_dir / "releases" / BEDS / "2")
    (bench.data_dir / "site" / "en" / f"{BEDS}.html").unlink()


CASES: dict[str, Callable[[Path], Case]] = {
    "run": computed_run, "packs": packed_run, "submit": submissions,
    "restore": partial(decisions, [], damaged=True),
    **{name: partial(decisions, [name]) for name in DECISIONS},
    "people": partial(decisions, [*DECISIONS], damaged=True),  # all of them in one folder
}
SHORT = ("run", "submit", "people")  # what the tests kill; the last one packs as runs do
