"""Two random sequences of ten events each, and what the promises say after each of them.

And runs in one process, which must leave nothing in it.
"""

from __future__ import annotations

import gc
from collections import Counter
from pathlib import Path

import dagster as dg
from sqlalchemy.engine import Engine

from pipelines.catalogue import Catalogue
from portal.site_folder.state import DatasetState
from tests.model_based.machine import search, template
from tests.model_based.world import KEYS, World

OF_A_RUN = (Catalogue, dg.JobDefinition, dg.DagsterInstance, Engine, DatasetState)


def test_any_sequence_keeps_the_promises() -> None:
    """The same two each time; `make model` searches on."""
    search(3, 10, seed=26, shrink=False)  # the first is always the shortest there is


def test_a_run_leaves_nothing_in_its_process(tmp_path: Path) -> None:
    """A soak of hours (`python -m tests.model_based.soak`) shows it in megabytes."""
    world, found = World.begun(template(), tmp_path), []
    for value in ("110", "111", "112"):
        for name, each in world.datasets.items():
            each.source[KEYS[0]] = value
            world.write_source(name)
        world.run()
        gc.collect()
        found.append((
            gc.get_freeze_count(),  # what no collection looks at any more
            Counter(type(each) for each in gc.get_objects() if isinstance(each, OF_A_RUN)),
        ))
    assert [len(each.releases) for each in world.datasets.values()] == [4, 4]
    (_, _), (kept, live), (kept_now, live_now) = found
    assert kept_now <= kept and live_now == live
