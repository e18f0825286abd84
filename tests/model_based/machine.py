"""Any sequence of events: `python -m tests.model_based.machine --examples 50 --steps 40`."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.database import InMemoryExampleDatabase
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.model_based.naive import MOST, NaiveDataset
from tests.model_based.world import BEDS, HAPPENED, KEYS, World, make_template

WHICH = st.integers(0, 1)
CELLS = st.sampled_from(KEYS)
FEWEST = 11  # rows of a source
LARGE = str(5 * MOST)
CHANGES = 900  # of the disk, in a run with news of two datasets


# To which dataset a rule applies.
APPLIES: dict[str, Callable[[NaiveDataset], bool]] = {
    "revise": lambda each: not each.is_withdrawn,
    "remove": lambda each: not each.is_withdrawn and len(each.source) > FEWEST,
    "leave_open": lambda each: each.is_confirmed and not each.is_withdrawn,
    "confirm": lambda each: not each.is_confirmed,
    "rollback": lambda each: len(each.releases) > 1 and not each.is_withdrawn,
    "approve": lambda each: each.draft is not None,
}


def can(name: str) -> Any:
    """Let a rule be chosen only where it applies to a dataset."""
    return precondition(lambda self: bool(self.chosen(name)))


@cache
def template() -> Path:
    """Return a project after its first run, made once."""
    folder = Path(tempfile.mkdtemp(prefix="openindicators-model-"))
    make_template(folder)
    return folder


class Machine(RuleBasedStateMachine):
    """The rules: each takes one of the datasets to which it applies."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="openindicators-model-"))
        self.world = World.begun(template(), self.folder)
        self.is_checked = True

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def chosen(self, rule: str, which: int = 0) -> str:
        """Return one of the datasets to which a rule applies, "" where it applies to none."""
        found = [name for name, each in self.world.datasets.items() if APPLIES[rule](each)]
        return found[which % len(found)] if found else ""

    # --- The source

    @can("revise")
    @rule(which=WHICH, cells=st.dictionaries(CELLS, st.integers(100, 104), min_size=1, max_size=4))
    def revise(self, which: int, cells: dict[Any, int]) -> None:
        name = self.chosen("revise", which)
        self.world.datasets[name].source |= {key: str(value) for key, value in cells.items()}
        self.world.write_source(name)
        self.run()

    @can("remove")
    @rule(which=WHICH, cells=st.lists(CELLS, max_size=2))
    def remove(self, which: int, cells: list[Any]) -> None:
        name = self.chosen("remove", which)
        for cell in cells:
            self.world.datasets[name].source.pop(cell, None)
        self.world.write_source(name)

    @can("revise")
    @rule(which=WHICH, cell=CELLS, text=st.sampled_from(["x", LARGE, LARGE]), is_run=st.booleans())
    def spoil(self, which: int, cell: Any, text: str, is_run: bool) -> None:
        name = self.chosen("revise", which)
        self.world.datasets[name].source[cell] = text
        self.world.write_source(name)
        if is_run:
            self.run()

    # --- Declarations

    @can("revise")
    @rule(which=WHICH)
    def declare_anew(self, which: int) -> None:
        self.world.declare_anew(self.chosen("revise", which))

    @can("revise")
    @rule(which=WHICH)
    def toggle_review(self, which: int) -> None:
        name = self.chosen("revise", which)
        self.world.set_review(name, not self.world.datasets[name].review)

    @precondition(lambda self: self.world.is_settled)
    @can("leave_open")
    @rule(which=WHICH)
    def leave_open(self, which: int) -> None:
        self.world.leave_open(self.chosen("leave_open", which))

    @can("confirm")
    @rule()
    def confirm(self) -> None:
        self.world.confirm(self.chosen("confirm"))
        self.run()

    # --- Decisions

    @precondition(lambda self: self.world.acceptable())
    @rule(which=WHICH)
    def accept(self, which: int) -> None:
        found = self.world.acceptable()
        self.world.accept(*found[which % len(found)])

    @can("rollback")
    @rule(which=WHICH, share=st.floats(0, 1))
    def rollback(self, which: int, share: float) -> None:
        name = self.chosen("rollback", which)
        count = len(self.world.datasets[name].releases)
        self.world.rollback(name, 1 + int(share * (count - 2)))
        self.world.check()
        self.run()  # a person has decided against what the same inputs make

    @can("approve")
    @rule(which=WHICH)
    def approve(self, which: int) -> None:
        self.world.approve(self.chosen("approve", which))
        self.is_checked = False

    @can("approve")
    @rule(which=WHICH)
    def reject(self, which: int) -> None:
        self.world.reject(self.chosen("approve", which))
        self.is_checked = False

    @precondition(lambda self: self.world.hour > 10)
    @precondition(lambda self: APPLIES["leave_open"](self.world.datasets[BEDS]))
    @rule()
    def withdraw(self) -> None:
        self.world.withdraw(BEDS)
        self.is_checked = False

    # --- Runs

    @rule()
    def run(self) -> None:
        self.world.run()
        self.is_checked = False

    @can("revise")
    @rule(which=WHICH, cell=CELLS, value=st.integers(100, 104), at=st.integers(1, CHANGES))
    def killed_run(self, which: int, cell: Any, value: int, at: int) -> None:
        name = self.chosen("revise", which)
        self.world.datasets[name].source[cell] = str(value)
        self.world.write_source(name)
        self.world.killed_run(at)
        self.is_checked = False

    @rule()
    def prune(self) -> None:
        self.world.prune()

    @invariant()
    def promises(self) -> None:
        if not self.is_checked:
            self.world.check()
            self.is_checked = True


def search(examples: int, steps: int, *, seed: int | None = None, shrink: bool = True) -> None:
    """Try examples of so many steps; a fixed `seed` gives the same ones each time."""
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, print_blob=True,
        database=InMemoryExampleDatabase(), suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
    )
    machine = type("Machine", (Machine,), {})
    machine._hypothesis_internal_use_seed = seed
    run_state_machine_as_test(machine, settings=chosen)


def main() -> None:
    """Search for a sequence that breaks a promise."""
    parser = argparse.ArgumentParser(prog="python -m tests.model_based.machine")
    parser.add_argument("--examples", type=int, default=50)
    parser.add_argument("--steps", type=int, default=40)
    asked = parser.parse_args()
    search(asked.examples, asked.steps)
    print(", ".join(f"{count} × {what}" for what, count in HAPPENED.most_common()))


if __name__ == "__main__":
    main()
