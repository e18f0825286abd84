"""What was committed survives a power cut; what was not is not there, or whole."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.power_cuts import MEMORY, PACK, Commits, cut

CUTS = 60


@pytest.fixture(scope="module")
def commits() -> Iterator[Commits]:
    if not MEMORY.is_dir():
        pytest.skip(f"{MEMORY} is missing: elsewhere, an inode may be that of another file later")
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Commits(Path(folder))


def test_a_commit_survives_a_power_cut(commits: Commits) -> None:
    """`make power-cuts` makes 100,000 cuts."""
    chance = random.Random(15)
    for number in (0, 1, PACK):
        recording = commits.record(number)
        for done in range(CUTS // 3):
            assert cut(commits, recording, number, chance, rerun=done < 2) == ""


def test_a_commit_that_is_not_synced_would_be_found(commits: Commits) -> None:
    chance, recording = random.Random(15), commits.record(1)
    recording.synced.clear()
    assert any(cut(commits, recording, 1, chance, rerun=False) for _ in range(CUTS))
