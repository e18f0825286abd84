"""A dataset that is compared with another depends on its release, in Dagster and in a run."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from assets.component import DatasetComponent
from pipelines.catalogue import load_catalogue
from pipelines.dagster.assets import asset_key
from pipelines.dagster.build import build_definitions
from pipelines.dagster.execution import QUIET
from pipelines.rounds import levels_of
from pipelines.settings import Settings
from tests.fixtures.answers import new_answered
from tests.fixtures.projects import for_this_city

ROOMS, BEDS = "tourism/hotel_rooms", "tourism/hotel_beds"
COMPARED = """\
expectations:
  - type: expect_values_to_agree_with_dataset
    kwargs: {dataset: %s, indicators: {%s: %s}}
    severity: warning
"""


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENINDICATORS_PROJECT", str(for_this_city(tmp_path / "project")))
    monkeypatch.setenv("OPENINDICATORS_DATA_DIR", str(tmp_path / "data"))
    for name in (ROOMS, BEDS):
        new_answered(name)
    return Settings.from_environment()


def compare(settings: Settings, dataset: str, other: str) -> Path:
    codes = [name.split("/")[1].upper() for name in (dataset, other)]
    path = settings.suites / f"{dataset}.yaml"
    path.write_text(COMPARED % (other, *codes), encoding="utf-8")
    return path


def test_the_table_depends_on_the_other_release(settings):
    compare(settings, BEDS, ROOMS)
    graph = build_definitions(settings).resolve_asset_graph()
    assert asset_key(ROOMS, "release") in graph.get(asset_key(BEDS, "table")).parent_keys
    bound_datasets = load_catalogue(settings).bound_datasets("sample")
    assert list(levels_of(bound_datasets)) == [[ROOMS], [BEDS]]


def test_a_circle_is_refused_with_the_datasets_in_it(settings):
    path = compare(settings, BEDS, ROOMS)
    compare(settings, ROOMS, BEDS)
    catalogue = load_catalogue(settings)
    assert not catalogue.declarations
    said = [str(error) for error in catalogue.errors]
    assert any(f"in a circle: {BEDS} → {ROOMS} → {BEDS}" in each for each in said)
    assert any(str(path) in each for each in said)


def test_a_check_runs_alone(settings):
    definitions = build_definitions(settings)
    instance = dg.DagsterInstance.ephemeral()
    definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, run_config=QUIET,
        asset_selection=[asset_key(ROOMS, "snapshot"), asset_key(ROOMS, "table")],
    )
    key = asset_key(ROOMS, "table")
    chosen = dg.AssetCheckKey(key, next(
        check.name for check in definitions.resolve_asset_graph().get(key).check_keys
    ))
    job = definitions.get_implicit_global_asset_job_def().get_subset(
        asset_selection=set(), asset_check_selection={chosen}
    )
    result = job.execute_in_process(instance=instance)
    assert [each.asset_check_key for each in result.get_asset_check_evaluations()] == [chosen]
    assert not result.get_asset_materialization_events()


def test_columns_are_described_in_both_languages(settings):
    key = asset_key(ROOMS, "table")
    metadata = build_definitions(settings).resolve_asset_graph().get(key).metadata
    schema = dg.MetadataValue.table_schema(metadata["dagster/column_schema"]).schema
    columns = {column.name: column for column in schema.columns}
    english, vietnamese = columns["obs_value"].description.split("\n\n")
    assert english and vietnamese and english != vietnamese


def test_a_component_selects_datasets(settings):
    component = DatasetComponent.from_attributes_dict(attributes={"datasets": [BEDS]})
    chosen = component.definitions(settings, load_catalogue(settings))
    assert {key.path[1] for asset in chosen.assets for key in asset.keys} == {"hotel_beds"}
