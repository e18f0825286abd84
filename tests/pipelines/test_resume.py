"""A run that is killed in the middle of a pull: the next one goes on, and stores the whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.catalogue import load_catalogue
from pipelines.settings import Settings
from pipelines.steps.fetch import take_snapshot
from sources.fetch.http import HttpLimits, HttpTransport
from tests.fixtures.projects import for_this_city
from tests.sources.test_fetch_session import Bank, bank_on_this_machine
from warehouse.store import snapshots
from warehouse.store.data_dir import DataDir

DATASET = "finance/figures"
DECLARATION = """\
title: {vi: Số liệu, en: Figures}
description: {vi: Mỗi dòng một năm, en: One row a year}
publisher: da_nang_city
licence: DA-NANG-OPEN
keywords: {vi: [số liệu], en: [figures]}
frequency: A
geography: {codelist: country, coverage: {vi: Việt Nam, en: Viet Nam}}
indicators:
  A: {name: {vi: A, en: A}, unit: count}
source: %s
"""
SCRIPT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from pipelines.steps.fetch import take_snapshot
from tests.pipelines.test_resume import pipeline_of, HTTP
folder = Path(sys.argv[1])
home, pipeline = pipeline_of(folder)
take_snapshot(pipeline, home, HTTP, lambda: datetime.now(UTC))
"""
HTTP = HttpTransport(HttpLimits(min_interval=0, allow_private=True, attempts=1))


@pytest.fixture(name="bank")
def _bank():
    with bank_on_this_machine() as found:
        yield found


def pipeline_of(folder: Path):
    """Return the data folder and the dataset that are under `folder`."""
    data_dir, project = DataDir(folder / "home"), folder / "project"
    settings = Settings(data_dir=data_dir, profile="live", project=project)
    return data_dir, load_catalogue(settings).bound_datasets("live")[DATASET]


def test_a_killed_run_is_gone_on_with(bank: Bank, tmp_path: Path) -> None:
    declared = for_this_city(tmp_path / "project") / "assets" / f"{DATASET}.yaml"
    declared.parent.mkdir(parents=True)
    declared.write_text(DECLARATION % json.dumps(
        {"protocol": "worldbank", **bank.options, "columns": {"ref_area": {"const": "VNM"}}}
    ), encoding="utf-8")
    data_dir, bound = pipeline_of(tmp_path)
    data_dir.prepare()

    bank.pages, bank.hangs_at = 40, 25
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    until = time.monotonic() + 60
    while 25 not in bank.asked and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    assert snapshots.latest(data_dir, DATASET) is None
    assert data_dir.fetch_session(DATASET).is_dir()

    bank.hangs_at = None
    bank.asked.clear()
    stored, is_new = take_snapshot(bound, data_dir, HTTP, lambda: datetime(2026, 1, 1, tzinfo=UTC))
    assert bank.asked == list(range(25, 41))
    assert is_new and len(stored.snapshot.parts) == 40
    assert not data_dir.fetch_session(DATASET).exists()
    for page, part in enumerate(stored.snapshot.parts, start=1):
        assert stored.part_path(part).read_bytes() == bank.body(page)

    bank.asked.clear()
    _, is_new = take_snapshot(bound, data_dir, HTTP, lambda: datetime(2026, 1, 2, tzinfo=UTC))
    assert bank.asked == [1] and not is_new
    assert not data_dir.fetch_session(DATASET).exists()


def test_an_old_fetch_session_is_removed_and_a_recent_one_kept(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    data_dir.prepare()
    for name in ("old", "young"):
        data_dir.fetch_session(f"finance/{name}").mkdir(parents=True)
    long_ago = time.time() - 2 * 86_400
    os.utime(data_dir.fetch_session("finance/old"), (long_ago, long_ago))
    with data_dir.run_lock():
        sessions = data_dir.root / "fetch_sessions" / "finance"
        assert [path.name for path in sessions.iterdir()] == ["young"]
