"""A run asks the sources first: what is up to date becomes no step, and whatever is not does."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace

import dagster as dg
import pytest

from model.errors import SourceError, UnreachableError
from pipelines.catalogue import load_catalogue
from pipelines.connections import open_portals, open_transport
from pipelines.dagster.assets import asset_key
from pipelines.dagster.instance import open_instance
from pipelines.rounds import Outcome, Run, RunRecorder, run_datasets
from pipelines.settings import Settings
from pipelines.steps.fetch import AT_A_TIME, Polls
from pipelines.steps.progress import STAGES, FailureLog
from tests.fixtures.answers import new_answered
from tests.fixtures.bucket import bucket, s3_server  # noqa: F401 (fixtures)
from tests.fixtures.commands import records
from tests.fixtures.projects import for_this_city
from warehouse.store import failure_log, releases

ROOMS, BEDS = "tourism/hotel_rooms", "health/hospital_beds"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project of two datasets after its first run."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENINDICATORS_PROJECT", str(for_this_city(folder / "project")))
        patch.setenv("OPENINDICATORS_DATA_DIR", str(folder / "data"))
        for name in (ROOMS, BEDS):
            new_answered(name)
        run(Settings.from_environment())
    return folder


@pytest.fixture
def settings(finished, tmp_path, monkeypatch):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("OPENINDICATORS_PROJECT", str(tmp_path / "project"))
    monkeypatch.setenv("OPENINDICATORS_DATA_DIR", str(tmp_path / "data"))
    return Settings.from_environment()


def run(settings: Settings) -> Outcome:
    settings.data_dir.prepare()
    catalogue = load_catalogue(settings)
    return run_datasets(
        settings, catalogue, catalogue.bound_datasets(settings.profile),
        open_portals(settings, catalogue.registries), FailureLog(settings.data_dir),
    )


def materialised(settings: Settings) -> list[set[str]]:
    """Return the datasets of each Dagster run, the newest first."""
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    with open_instance(settings.data_dir) as instance:
        runs = [instance.all_logs(each.run_id, kind) for each in instance.get_runs()]
    return [
        {"/".join(event.get_dagster_event().asset_key.path[:-1]) for event in events}
        for events in runs
    ]


def test_several_processes_look_at_many_datasets(settings, monkeypatch):
    """One dataset under many names, every third with another suite: what each has to do is known,
    whichever process looked, and what is up to date is reported once."""
    monkeypatch.setenv("OPENINDICATORS_WORKERS", "2")
    settings = Settings.from_environment()
    catalogue = load_catalogue(settings)
    same = catalogue.one(settings.profile, ROOMS)
    other = replace(same, own_suite=catalogue.one(settings.profile, BEDS).suite)
    datasets = {f"tourism/rooms_{n}": same if n % 3 else other for n in range(100)}
    finished, forks, fork = [], [], os.fork

    class Display(FailureLog):
        def finished(self, dataset: str, stage: str, changed: bool) -> None:
            finished.append((dataset, stage, changed))

    def counted() -> int:
        forks.append(True)
        return fork()

    portals = tuple(open_portals(settings, catalogue.registries))
    transport = open_transport(settings.profile, settings.data_dir.inbox)
    display = Display(settings.data_dir)
    recorder = RunRecorder(display, FailureLog(settings.data_dir))
    run = Run(settings, catalogue, datasets, portals, transport, recorder)
    monkeypatch.setattr(Run, "datasets", datasets)
    monkeypatch.setattr(os, "fork", counted)
    with run.looking(list(datasets)) as looked:
        assert set(run.poll({ROOMS: same}, lambda: None)) - {None} == {ROOMS}
        known = looked()
    assert forks == [True] and looked() is known
    with_work = run.with_work(datasets, {})
    assert forks == [True] * 2
    assert run.with_work(datasets, known) == with_work
    assert forks == [True] * 2
    del finished[len(finished) // 2:]  # asked twice, they are reported twice
    assert list(with_work) == [f"tourism/rooms_{n}" for n in range(0, 100, 3)]
    assert finished == [(name, stage, False) for name in datasets if name not in with_work
                        for stage in STAGES]


@pytest.mark.parametrize("is_shared", [False, True])
def test_what_other_machines_may_have_committed_is_looked_at_after_the_questions(
    settings, monkeypatch, request, is_shared
):
    if is_shared:
        monkeypatch.setenv("OPENINDICATORS_SHARED_STORE", request.getfixturevalue("bucket"))
    looking, looked_at = Run.looking, []

    def recorded(run, names):
        looked_at.append((list(names), set(run.polls.answers)))
        return looking(run, names)

    monkeypatch.setattr(Run, "looking", recorded)
    outcome = run(Settings.from_environment())
    assert not outcome.changed and not outcome.failures
    looked_at = [each for each in looked_at if each[0]]
    assert [sorted(names) for names, _ in looked_at] == [sorted([ROOMS, BEDS])]
    assert looked_at[0][1] == ({ROOMS, BEDS} if is_shared else set())


def test_what_is_up_to_date_becomes_no_step(settings):
    before = records(settings.data_dir.root)
    del before["warehouse.duckdb"]  # the folder was moved for this test, which its views notice
    outcome = run(settings)
    assert set(outcome.datasets) == {ROOMS, BEDS}
    assert not outcome.changed and not outcome.failures
    after = records(settings.data_dir.root)
    del after["warehouse.duckdb"]
    assert after == before
    assert materialised(settings) == [{ROOMS, BEDS}]


def page(settings: Settings) -> None:
    (settings.data_dir.site / "vi" / f"{ROOMS}.html").write_text("changed by hand")


def download(settings: Settings) -> None:
    (settings.data_dir.site / "datasets" / ROOMS / "hotel_rooms.csv").unlink()


def suite(settings: Settings) -> None:
    path = settings.suites / f"{ROOMS}.yaml"
    path.write_text(path.read_text() + "  - expect_areas_present: {areas: '48', severity: info}\n")


def source(settings: Settings) -> None:
    (settings.data_dir.inbox / "hotel_rooms.csv").write_text("area,year,value\n48,2024,77\n")


def table(settings: Settings) -> None:
    shutil.rmtree(settings.data_dir.tables(ROOMS))


def log(settings: Settings) -> None:
    shutil.rmtree(settings.data_dir.validation_runs(ROOMS))


def ledger(settings: Settings) -> None:
    settings.data_dir.ledger(ROOMS).unlink()  # as in a folder from before there was one


@pytest.mark.parametrize("change", [page, download, suite, source, table, log, ledger])
def test_whatever_is_not_up_to_date_runs_alone(settings, change: Callable[[Settings], None]):
    change(settings)
    assert not run(settings).failures
    assert materialised(settings) == [{ROOMS}, {ROOMS, BEDS}]
    run(settings)
    assert len(materialised(settings)) == 2, "and is up to date afterwards"


def test_a_failure_is_reported_by_each_run_until_it_is_resolved(settings):
    file = settings.data_dir.inbox / "hotel_rooms.csv"
    kept = file.read_bytes()
    file.unlink()
    for _ in range(2):
        assert set(run(settings).failures) == {ROOMS}
        assert [item.dataset for item in failure_log.opened(settings.data_dir)] == [ROOMS]
    file.write_bytes(kept)
    assert not run(settings).failures and not failure_log.opened(settings.data_dir)
    assert releases.current(settings.data_dir, ROOMS).release.number == 1


def test_a_lost_history_of_dagster_is_begun_again(settings):
    shutil.rmtree(settings.data_dir.dagster)
    assert not run(settings).changed
    assert materialised(settings) == [{ROOMS, BEDS}]
    with open_instance(settings.data_dir) as instance:
        checks = instance.event_log_storage.get_asset_check_summary_records(
            [dg.AssetCheckKey(asset_key(ROOMS, "table"), "key_unique")]
        )
        assert all(each.last_check_execution_record.status.value == "SUCCEEDED"
                   for each in checks.values())


class Bound:
    """What `Polls` asks of a dataset: its id, and the host of its source."""

    def __init__(self, id: str, host: str) -> None:
        self.dataset, self.host, self.id = self, host, id


def test_hosts_are_asked_side_by_side_and_each_in_turn():
    both = threading.Barrier(2, timeout=20)
    asked: list[str] = []

    def take(bound):
        asked.append(bound.id)
        if bound.id in ("a1", "b1"):
            both.wait()
        return object(), bound.id == "a2"

    polls = Polls()
    datasets = {name: Bound(name, name[0]) for name in ("a1", "a2", "b1")}
    assert set(polls.ask(datasets, take)) - {None} == {"a1", "a2", "b1"}
    assert sorted(asked) == ["a1", "a2", "b1"] and asked.index("a1") < asked.index("a2")
    assert [polls.is_unchanged(name) for name in datasets] == [True, False, True]


def test_hosts_that_let_one_wait_are_asked_all_at_once():
    all_of_them = threading.Barrier(AT_A_TIME, timeout=20)

    def take(bound):
        all_of_them.wait()
        return object(), False

    polls = Polls()
    datasets = {name: Bound(name, name) for name in map(str, range(AT_A_TIME))}
    assert set(polls.ask(datasets, take)) - {None} == {*datasets}
    assert all(map(polls.is_unchanged, datasets))


def test_who_gives_up_waits_for_what_is_on_its_way_and_asks_for_nothing_more():
    is_closed, is_on_its_way, asked = threading.Event(), threading.Event(), []

    def take(bound):
        asked.append(bound.id)
        if bound.id == "b1":
            is_on_its_way.set()
            is_closed.wait(20)
        is_on_its_way.wait(20)
        return object(), False

    datasets = {name: Bound(name, name[0]) for name in ("a1", "b1", "b2", "b3")}
    answered = Polls().ask(datasets, take)
    while next(answered) != "a1":
        pass
    threading.Timer(0.2, is_closed.set).start()
    answered.close()
    assert is_closed.is_set() and sorted(asked) == ["a1", "b1"]


def test_an_answer_is_taken_once_and_an_error_is_raised_once():
    polls = Polls()
    bound = Bound("a", "host")

    def fail(_):
        raise UnreachableError("no answer", where="https://example.org/")

    assert set(polls.ask({"a": bound}, fail)) - {None} == {"a"}
    assert not polls.is_unchanged("a")
    with pytest.raises(SourceError, match="no answer"):
        polls.take(bound, lambda: ("taken", True))
    assert polls.take(bound, lambda: ("taken", True)) == ("taken", True), "the retry asks itself"
