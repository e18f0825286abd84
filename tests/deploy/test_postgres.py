"""Dagster's history in a real PostgreSQL, shared by processes: the portal's own server has it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from dev.ckan.passwords import load_passwords
from dev.ckan.portal_dir import PortalDir
from dev.ckan.running_portal import RunningPortal
from dev.ckan.services import postgres
from pipelines.dagster.instance import open_instance
from tests.fixtures.commands import openindicators
from tests.fixtures.pools import a_freed_slot_is_given
from warehouse.store.data_dir import DataDir

pytestmark = pytest.mark.portal
DATASET = "tourism/visitors"


@pytest.fixture(scope="module")
def database(ckan: RunningPortal, portal_home: PortalDir) -> Iterator[str]:
    """A database of its own, whose owner may do nothing else."""
    passwords, name = load_passwords(portal_home), f"dagster_{uuid.uuid4().hex[:8]}"
    port = json.loads((portal_home.root / "ports.json").read_text())["postgres"]
    postgres.execute(portal_home, port, passwords, (
        f"CREATE ROLE {name} LOGIN PASSWORD 's3cret' NOSUPERUSER NOCREATEDB NOCREATEROLE;\n"
        f"CREATE DATABASE {name} OWNER {name};\n"
    ))
    yield f"postgresql+psycopg2://{name}:s3cret@127.0.0.1:{port}/{name}"
    postgres.execute(portal_home, port, passwords, (
        f"DROP DATABASE {name} WITH (FORCE);\nDROP ROLE {name};\n"
    ))


def test_runs_of_two_folders_share_one_history(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers each, the second data folder as on another machine."""
    for folder in ("one", "two"):
        done = openindicators(
            tmp_path / folder, "run", DATASET, "tourism/travel_turnover",
            OPENINDICATORS_DAGSTER_STORAGE=database, OPENINDICATORS_WORKERS="2",
        )
        assert done.code == 0, done.err
        assert not (tmp_path / folder / "dagster/history").exists()
        assert "s3cret" not in (tmp_path / folder / "dagster/dagster.yaml").read_text()
    monkeypatch.setenv("OPENINDICATORS_DAGSTER_STORAGE", database)
    with open_instance(DataDir(tmp_path / "one"), postgres=True) as instance:
        runs = instance.get_runs()
        assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
        released = instance.fetch_materializations(
            dg.AssetKey([*DATASET.split("/"), "release"]), limit=10
        ).records
        assert len(released) == 2
    with psycopg.connect(database.replace("+psycopg2", "")) as con:
        checks = con.execute("SELECT count(*) FROM asset_check_executions").fetchone()
    assert checks and checks[0] > 10
    again = openindicators(
        tmp_path / "one", "run", DATASET, OPENINDICATORS_DAGSTER_STORAGE=database
    )
    assert again.code == 0, again.err


def test_a_slot_that_becomes_free_while_a_step_begins_to_wait_is_given_to_it(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENINDICATORS_DAGSTER_STORAGE", database)
    with (
        open_instance(DataDir(tmp_path / "one"), postgres=True) as one,
        open_instance(DataDir(tmp_path / "two"), postgres=True) as other,
    ):
        a_freed_slot_is_given(one.event_log_storage, other.event_log_storage)


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    done = openindicators(
        tmp_path, "run", DATASET,
        OPENINDICATORS_DAGSTER_STORAGE="postgresql+psycopg2://dagster:s3cret@127.0.0.1:9/dagster",
    )
    assert done.code == 6, (done.code, done.err)
    assert "OPENINDICATORS_DAGSTER_STORAGE" in done.err
    assert "s3cret" not in done.err + done.out


def test_another_address_is_refused(tmp_path: Path) -> None:
    done = openindicators(
        tmp_path, "run", DATASET, OPENINDICATORS_DAGSTER_STORAGE="mysql://dagster:s3cret@host/db"
    )
    assert done.code == 1 and "give postgresql+psycopg2://" in done.err, done.err
    assert "s3cret" not in done.err
