"""What Dagster is given: valid, complete, and a graph that changes only on purpose."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from model.reference.periods import FREQUENCY_DAYS
from pipelines.catalogue import load_catalogue
from pipelines.dagster.assets import asset_key, dataset_assets
from pipelines.dagster.automation import CRON, schedules
from pipelines.dagster.build import build_definitions
from pipelines.settings import Settings
from tests.fixtures.commands import PROJECT

GRAPH = Path(__file__).with_name("graph.json")


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(data_dir=tmp_path_factory.mktemp("data"), profile="sample")


@pytest.fixture(scope="module")
def definitions(settings):
    return build_definitions(settings)


def graph(definitions: dg.Definitions) -> dict:
    """Return the whole definition graph in plain words."""
    assets = {}
    nodes = definitions.resolve_asset_graph()
    for key in sorted(nodes.get_all_asset_keys(), key=lambda k: k.path):
        node = nodes.get(key)
        assets[key.to_user_string()] = {
            "group": node.group_name,
            "parents": sorted(parent.to_user_string() for parent in node.parent_keys),
            "kinds": sorted(node.kinds),
            "owners": sorted(node.owners),
            "checks": sorted(check.name for check in node.check_keys),
        }
    repository = definitions.get_repository_def()
    return {
        "assets": assets,
        "jobs": sorted(
            job.name for job in repository.get_all_jobs() if not job.name.startswith("__")
        ),
        "schedules": {
            s.name: s.cron_schedule for s in sorted(repository.schedule_defs, key=lambda s: s.name)
        },
        "sensors": sorted(sensor.name for sensor in repository.sensor_defs),
    }


def test_the_graph_is_the_recorded_one(definitions):
    """`UPDATE_GRAPH=1 make test` records a graph that was changed on purpose."""
    found = graph(definitions)
    if os.environ.get("UPDATE_GRAPH"):
        GRAPH.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    assert found == json.loads(GRAPH.read_text())


def test_every_declaration_has_its_four_assets(definitions, settings):
    bound_datasets = load_catalogue(settings).bound_datasets("sample")
    keys = {key.to_user_string() for key in definitions.resolve_asset_graph().get_all_asset_keys()}
    assert keys == {
        f"{dataset_id}/{stage}"
        for dataset_id in bound_datasets
        for stage in ("snapshot", "table", "release", "publication")
    }


def test_assets_have_what_people_look_for(definitions):
    nodes = definitions.resolve_asset_graph()
    for key in nodes.get_all_asset_keys():
        node = nodes.get(key)
        assert node.description and node.owners and node.kinds and node.group_name
        assert "dagster/code_references" in node.metadata
        if key.path[-1] == "snapshot":
            assert definitions.resolve_assets_def(key).specs_by_key[key].freshness_policy
        else:
            assert node.automation_condition is not None


def test_critical_checks_block(definitions):
    blocking = 0
    for asset in definitions.resolve_asset_graph().assets_defs:
        for spec in asset.check_specs:
            assert spec.blocking == (spec.metadata["severity"] == "critical")
            blocking += spec.blocking
    assert blocking


def test_assets_have_the_resources_that_dagster_itself_would_give_them(definitions, settings):
    (bound,) = load_catalogue(settings).select("sample", ["gdp"]).values()
    resources = dict(definitions.get_repository_def().get_top_level_resources())
    resources["io_manager"] = dg.mem_io_manager
    for asset in dataset_assets(bound):
        given = asset.with_resources(resources).resource_defs
        assert given == dg.AssetsDefinition.with_resources(asset, resources).resource_defs
        assert asset.resource_defs == {}
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="clock"):
            asset.with_resources({k: each for k, each in resources.items() if k != "clock"})


def test_a_job_for_each_sector(definitions, settings):
    bound_datasets = load_catalogue(settings).bound_datasets("sample").values()
    sectors = {bound.dataset.sector for bound in bound_datasets}
    names = {job.name for job in definitions.get_repository_def().get_all_jobs()}
    assert {name for name in names if not name.startswith("__")} == sectors


def test_every_frequency_has_a_rhythm():
    assert set(CRON) == set(FREQUENCY_DAYS)


def test_schedules_poll_sources_alone_and_by_themselves_in_production(definitions, settings):
    bound_datasets = load_catalogue(settings).bound_datasets("sample")
    nodes = definitions.resolve_asset_graph()
    for profile, status in (("live", "RUNNING"), ("sample", "STOPPED")):
        made = schedules(bound_datasets, profile)
        assert {each.default_status.name for each in made} == {status}
        polled = {key for each in made for key in each.job.selection.resolve(nodes)}
        assert polled == {
            asset_key(name, "snapshot") for name, bound in bound_datasets.items()
            if not bound.dataset.inputs
        }


def test_dagster_validates_the_workspace(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OPENINDICATORS_DATA_DIR": str(tmp_path), "DAGSTER_HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "successful" in (done.stdout + done.stderr).lower()


def test_telemetry_is_off(settings):
    from pipelines.dagster.instance import open_instance

    settings.data_dir.prepare()
    with open_instance(settings.data_dir) as instance:
        assert instance.telemetry_enabled is False


def test_dg_validates_the_component(tmp_path):
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dg")), "check", "yaml"], cwd=PROJECT,
        capture_output=True, text=True, check=False,
        env={**os.environ, "OPENINDICATORS_DATA_DIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "validated successfully" in done.stdout + done.stderr
