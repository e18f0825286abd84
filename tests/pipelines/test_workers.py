"""Worker processes: the same bytes as one process writes, and errors with their dataset."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from model.errors import DriftError, PortalError, QualityError, StoreError
from pipelines import workers
from pipelines.catalogue import load_catalogue
from pipelines.connections import open_portals
from pipelines.rounds import Outcome, Run, run_datasets
from pipelines.settings import Settings
from pipelines.steps.fetch import take_snapshot
from pipelines.steps.progress import FailureLog
from pipelines.workers import Workers
from portal.ckan.client import ActionRefused
from tests.fixtures.answers import new_answered
from tests.fixtures.commands import records
from tests.fixtures.projects import for_this_city

BROKEN = "tourism/broken"
NAMES = ["tourism/hotel_rooms", "health/hospital_beds", BROKEN]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workers") / "project"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENINDICATORS_PROJECT", str(for_this_city(folder)))
        patch.setenv("OPENINDICATORS_DATA_DIR", str(folder.parent / "first"))
        for name in NAMES:
            new_answered(name)
        inbox = folder.parent / "first" / "inbox"
        (inbox / "broken.csv").write_text("area,year,value\n48,2024,\0\n")
    return folder


@pytest.fixture
def run(project, tmp_path, monkeypatch):
    """Run the project with so many workers, in a data folder of its own."""
    monkeypatch.setattr(workers, "FEWEST_IN_A_SHARE", 1)

    def run(number: int) -> tuple[Outcome, Path]:
        data_dir = tmp_path / "data"
        if data_dir.exists():
            data_dir.rename(tmp_path / "before")
        for name, value in (
            ("PROJECT", project), ("DATA_DIR", data_dir), ("WORKERS", number),
            ("FILES", project.parent / "first" / "inbox"),
        ):
            monkeypatch.setenv(f"OPENINDICATORS_{name}", str(value))
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
        settings = Settings.from_environment()
        settings.data_dir.prepare()
        catalogue = load_catalogue(settings)
        return run_datasets(
            settings, catalogue, catalogue.bound_datasets(settings.profile),
            open_portals(settings, catalogue.registries), FailureLog(settings.data_dir),
        ), data_dir

    return run


def test_the_bytes_do_not_depend_on_the_number_of_workers(run):
    found = {}
    for number in (1, 3):
        outcome, data_dir = run(number)
        assert set(outcome.failures) == {BROKEN} and len(outcome.changed) == 2
        stage, error = outcome.failures[BROKEN]
        found[number] = {
            name: data for name, (_, data) in records(data_dir).items()
            if not name.startswith(("dagster/", "warehouse.duckdb"))
        }, stage, str(error), type(error)
    assert len(found[1][0]) > 100 and any(name.startswith("site/") for name in found[1][0])
    assert found[1] == found[3]


def test_news_becomes_a_release_while_other_sources_are_asked(run, monkeypatch):
    released = []

    def slow(bound, data_dir, *others):
        if bound.dataset.id == NAMES[0]:
            until = time.monotonic() + 60
            while not (data_dir.releases(NAMES[1]) / "1").exists() and time.monotonic() < until:
                time.sleep(0.05)
            released.append((data_dir.releases(NAMES[1]) / "1").exists())
        return take_snapshot(bound, data_dir, *others)

    monkeypatch.setattr("pipelines.rounds.take_snapshot", slow)
    outcome, _ = run(2)
    assert released == [True] and len(outcome.changed) == 2


def test_a_worker_that_dies_fails_its_datasets_and_no_others(run, monkeypatch):
    execute = Run.execute

    def killed(self, names, answers, reporter):
        if BROKEN in names:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(self, names, answers, reporter)

    monkeypatch.setattr(Run, "execute", killed)
    outcome, _ = run(3)
    assert set(outcome.failures) == {BROKEN} and len(outcome.changed) == 2
    stage, error = outcome.failures[BROKEN]
    assert stage == "snapshot" and "was killed" in str(error) and BROKEN in str(error)


@pytest.fixture
def held():
    """What is open in this process and in those forked from it; whether it still is elsewhere."""
    ours, theirs = os.pipe()

    def is_held() -> bool:
        os.close(theirs)
        return not select.select([ours], [], [], 0)[0]

    yield is_held
    os.close(ours)


def _answer(names, answers, reporter):
    return [(name, "table", QualityError(answers[name])) for name in names]


def _answered(all_workers: Workers, answers: dict[str, str]) -> list[str]:
    shares = [[name] for name in answers]
    all_workers.begin(shares, answers)
    failed = all_workers.ended(_Quiet())
    return sorted(error.what for _, _, error in failed)


class _Quiet:
    def started(self, dataset: str, stage: str) -> None:
        raise KeyboardInterrupt

    finished = failed = started


def test_what_takes_seconds_begins_with_the_first_news(tmp_path):
    prepared = tmp_path / "prepared"
    with Workers(2, _answer, prepared.mkdir) as all_workers:  # a second time would fail
        time.sleep(0.1)
        assert not prepared.exists()
        all_workers.expect()
        all_workers.expect()
        until = time.monotonic() + 30
        while not prepared.exists() and time.monotonic() < until:
            time.sleep(0.01)
        assert prepared.exists()
        assert _answered(all_workers, {"s/a": "1"}) == ["1"]
        assert _answered(all_workers, {"s/a": "2", "s/b": "3"}) == ["2", "3"]


def test_this_process_goes_on_while_workers_are_at_work(tmp_path):
    done = tmp_path / "done"

    def execute(names, answers, reporter):
        while not done.exists():
            time.sleep(0.01)
        return _answer(names, answers, reporter)

    with Workers(2, execute, lambda: None) as all_workers:
        all_workers.begin([["s/a"]], {"s/a": "1"})
        done.touch()
        assert [error.what for _, _, error in all_workers.ended(_Quiet())] == ["1"]
        assert all_workers.ended(_Quiet()) == []


def test_workers_that_cannot_be_prepared_end_the_run_with_the_reason(held):
    def prepare():
        raise StoreError("the disk is full", where="there")

    with (
        pytest.raises(StoreError, match="the disk is full"),
        Workers(2, _answer, prepare) as all_workers,
    ):
        _answered(all_workers, {"s/a": "1"})
    assert not held()


def test_an_interrupted_run_leaves_no_worker(held):
    """One that still held the data folder would keep the next run from it."""
    def execute(names, answers, reporter):
        reporter.started(names[0], "snapshot")
        time.sleep(60)

    with pytest.raises(KeyboardInterrupt), Workers(2, execute, lambda: None) as all_workers:
        _answered(all_workers, {"s/a": "1", "s/b": "2"})
    assert not held()


def test_after_its_workers_were_killed_a_run_has_others(held):
    with Workers(2, _answer, lambda: None) as all_workers:
        assert _answered(all_workers, {"s/a": "1", "s/b": "2"}) == ["1", "2"]
        for process in multiprocessing.active_children():
            process.kill()
            process.join()
        assert _answered(all_workers, {"s/a": "3", "s/b": "4"}) == ["3", "4"]
    assert not held()


def test_the_process_of_a_run_imports_nothing_that_its_workers_need(project, tmp_path):
    program = (
        "import json, sys\n"
        "from pipelines import workers\n"
        "workers.FEWEST_IN_A_SHARE = 1\n"
        "from pipelines.cli import main\n"
        f"sys.argv = ['openindicators', 'run', *{NAMES[:2]}]\n"
        "try: main.main()\n"
        "finally: print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    inbox = project.parent / "first" / "inbox"
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False,
        env=os.environ | {
            "OPENINDICATORS_PROJECT": str(project), "OPENINDICATORS_DATA_DIR": str(tmp_path),
            "OPENINDICATORS_FILES": str(inbox), "OPENINDICATORS_WORKERS": "2",
        },
    )
    assert found.returncode == 0 and (tmp_path / "site/index.html").exists(), found.stderr
    loaded = set(json.loads(found.stderr.splitlines()[-1]))
    assert loaded & {"dagster", "great_expectations", "pandas", "psycopg", "requests"} == set()


def test_work_is_divided_evenly_and_little_work_not_at_all():
    sizes = {f"s/d{number}": number * 1_000_000 for number in range(9)}
    first, second = workers.divide(sizes, 2)
    assert sorted(first + second) == sorted(sizes)
    assert abs(sum(map(sizes.get, first)) - sum(map(sizes.get, second))) <= 1_000_000
    assert workers.divide(dict.fromkeys("abcdefg", 1), 2) == [list("abcdefg")]


@pytest.mark.parametrize("error", [
    PortalError("refused", where="here", todo="ask"),
    DriftError("differs", where="x", drift=()),
    ActionRefused("no", where="there", status=409, error={"a": "b"}),
])
def test_an_error_keeps_all_it_says_between_processes(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and vars(again) == vars(error) and str(again) == str(error)
