"""Any sequence of releases, decisions, packs and publications, of which some are cut off, on the
real CKAN: `python -m tests.portal.ckan.machine --examples 20 --steps 20` (after `make portal`).

After each publication that ends well the portal is what the plan and a naive model say; before it,
readers see no dataset yet, or one whole release.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.database import InMemoryExampleDatabase
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dev.ckan.portal_dir import PortalDir, default_folder
from dev.ckan.running_portal import RunningPortal, load_portal
from model.errors import PortalError
from model.reference.city import use_project
from portal.metadata.identifiers import resource_id
from tests.fixtures.commands import PROJECT
from tests.portal.ckan.environment import CkanEnvironment
from tests.portal.ckan.proxy import FAULTS, Proxy, proxy_to
from tests.portal.ckan.runner import Runner
from tests.portal.ckan.torture import MOST_POINTS, readers_are_served
from tests.warehouse.test_releases import NOW, release
from warehouse.store import decisions, packing, packs
from warehouse.store.data_dir import DataDir

SNAPSHOTS = "123456789abcdefghijklmnopqrstuvwxyz"  # one for each release of an example
HAPPENED: Counter[str] = Counter()
FIGURES = st.dictionaries(
    st.sampled_from(["2021", "2022", "2023", "2024"]), st.integers(1, 5).map(str), min_size=1,
)


class Machine(RuleBasedStateMachine):
    """A dataset; `figures` are those of each of its releases, by year."""

    portal: RunningPortal
    proxy: Proxy
    runner: Runner

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="openindicators-ckan-model-"))
        data_dir = DataDir(self.folder / "data")
        data_dir.prepare()
        self.env = CkanEnvironment(self.portal, data_dir)
        self.figures: list[dict[str, float]] = []
        self.used = self.packed = 0  # snapshots; releases
        self.is_withdrawn = self.is_rolled_back = False
        self.is_published = False
        self.is_seen = True  # what is public since the last rule
        self.options: dict[str, Any] = {}

    @initialize(rows=st.sampled_from(["api", "copy", None]), figures=FIGURES)
    def begin(self, rows: str | None, figures: dict[str, str]) -> None:
        self.options = {"keep": 2, "rows": rows}
        self.revise(figures)

    @precondition(lambda self: not self.is_withdrawn and self.used < len(SNAPSHOTS))
    @rule(figures=FIGURES)
    def revise(self, figures: dict[str, str]) -> None:
        at = NOW + timedelta(days=self.used)
        _, is_made = release(
            self.env.data_dir, figures, SNAPSHOTS[self.used], self.env.declared, at=at
        )
        self.used += 1
        now = {year: float(value) for year, value in figures.items()}
        said = self.figures[-2:] if self.is_rolled_back else self.figures[-1:]
        assert is_made == (now not in said)  # what a person rolled back does not come again
        if is_made:
            self._released("release", now)

    @precondition(lambda self: not self.is_withdrawn and len(self.figures) > 1)
    @rule(share=st.floats(0, 1))
    def roll_back(self, share: float) -> None:
        to = 1 + int(share * (len(self.figures) - 2))
        if self.figures[to - 1] != self.figures[-1]:
            self._decide(decisions.rollback, to, "An", "because")
            self._released("roll back", self.figures[to - 1])

    @precondition(lambda self: not self.is_withdrawn and len(self.figures) > 2)
    @rule()
    def withdraw(self) -> None:
        self._decide(decisions.withdraw, "An", "it ended", None)
        self.is_withdrawn = True
        self._released("withdraw", {})

    def _decide(self, decide: Any, *words: object) -> None:
        at = NOW + timedelta(days=100 + len(self.figures))
        decide(self.env.data_dir, self.env.declared.id, *words, at)

    def _released(self, what: str, figures: dict[str, float]) -> None:
        HAPPENED[what] += 1
        self.figures.append(figures)
        self.is_rolled_back = what == "roll back"
        self.is_published = False

    @precondition(lambda self: len(self.figures) > self.packed + 1)
    @rule()
    def pack(self) -> None:
        """Leave nothing of the releases before the current one but their pack."""
        with patch.object(packing, "WORTH", 1):
            HAPPENED["packed release"] += packing.pack_all(self.env.data_dir)
        packs.remove_packed(self.env.data_dir, 0)
        self.packed = len(self.figures) - 1

    @precondition(lambda self: not self.is_published)
    @rule(at=st.integers(1, MOST_POINTS))
    def publish_and_kill(self, at: int) -> None:
        ended = self.runner.publish(self.env, self.portal.url, at, **self.options)
        HAPPENED["killed publication" if ended["killed"] else "publication"] += 1
        self.is_seen = False

    @precondition(lambda self: not self.is_published)
    @rule(seed=st.integers(0, 10**6), rate=st.sampled_from([0.1, 0.3]))
    def publish_through_faults(self, seed: int, rate: float) -> None:
        chance = Random(seed)
        self.proxy.reset(
            lambda action, number: chance.choice(FAULTS) if chance.random() < rate else None
        )
        self.runner.publish(self.env, self.proxy.url, timeout=1.0, **self.options)
        HAPPENED["fault"] += len(self.proxy.met)
        self.proxy.reset()
        HAPPENED["publication through faults"] += 1
        self.is_seen = False

    @precondition(lambda self: not self.is_published)
    @rule()
    def publish(self) -> None:
        """Go on with what was cut off, to the end."""
        for attempt in range(3):  # the one before may still be at work in the server
            ended = self.runner.publish(self.env, self.portal.url, **self.options)
            if ended["code"] == 0:
                break
            said = self.env.data_dir.root / "error.txt"
            assert attempt < 2, said.read_text() if said.exists() else ended
        HAPPENED["publication"] += 1
        self.is_published = True
        self.is_seen = False

    @invariant()
    def what_is_public(self) -> None:
        if self.is_seen:
            return
        self.is_seen = True
        if not self.is_published:
            readers_are_served(self.env)
            return
        history = self.env.history
        assert [each.release.number for each in history] == [
            number + 1 for number in range(len(self.figures))
        ]
        table = resource_id(self.env.declared.id, f"{self.env.declared.name}.csv")
        if self.is_withdrawn:
            plan = self.env.publisher(**self.options).plan(history)
            assert [line for line in plan if line.change != "="] == []
            shown = self.env.shown()
            assert shown["title_translated"]["en"].startswith("[Withdrawn]")
            assert shown["resources"] == []
            with pytest.raises(PortalError, match="404"):
                self.env.act("datastore_search", resource_id=table)
            return
        self.env.assert_equals_releases(self.folder, **self.options)
        if self.options["rows"]:
            rows = self.env.act("datastore_search", resource_id=table)["records"]
            assert {row["time_period"]: row["obs_value"] for row in rows} == self.figures[-1]

    def teardown(self) -> None:
        self.proxy.reset()
        try:
            if not self.is_published and self.figures:
                self.publish()
                self.what_is_public()
        finally:
            self.env.remove()
            shutil.rmtree(self.folder)


def search(
    portal: RunningPortal, examples: int, steps: int, *, seed: int | None = None
) -> None:
    """Try examples of so many steps on a `portal`; a fixed `seed` gives the same each time."""
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, print_blob=True,
        database=InMemoryExampleDatabase(), suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    with ExitStack() as stack:
        proxy, runner = stack.enter_context(proxy_to(portal.url)), Runner()
        stack.callback(runner.close)
        machine = type("Machine", (Machine,), {
            "portal": portal, "proxy": proxy, "runner": runner,
            "_hypothesis_internal_use_seed": seed,
        })
        run_state_machine_as_test(machine, settings=chosen)


def main() -> None:
    """Search for a sequence that leaves a portal other than the releases are."""
    parser = argparse.ArgumentParser(prog="python -m tests.portal.ckan.machine")
    parser.add_argument("--examples", type=int, default=20)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--home", type=Path, default=default_folder(), help="the portal's folder")
    asked = parser.parse_args()
    use_project(PROJECT)
    portal = load_portal(PortalDir(asked.home.resolve()))
    search(portal, asked.examples, asked.steps, seed=asked.seed)
    print(", ".join(f"{count} × {what}" for what, count in HAPPENED.most_common()))


if __name__ == "__main__":
    main()
