"""Worker processes: the same bytes as one process writes, and errors with their dataset."""

from __future__ import annotations

import os
import pickle
import signal
from pathlib import Path

import pytest

from model.errors import DriftError, PortalError
from pipelines import workers
from pipelines.catalogue import load_catalogue
from pipelines.connections import open_portals
from pipelines.rounds import Outcome, Run, run_datasets
from pipelines.settings import Settings
from pipelines.steps.progress import FailureLog
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
