"""Dagster definitions of a profile: for the command line, the UI and the tests alike."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.component import DatasetComponent, load_component
from pipelines.catalogue import Catalogue, load_catalogue
from pipelines.dagster.assets import stages_of
from pipelines.dagster.automation import (
    after_run_sensors,
    automation_sensor,
    inbox_sensor,
    schedules,
)
from pipelines.dagster.resources import default_resources
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset


def build_definitions(
    settings: Settings | None = None, catalogue: Catalogue | None = None,
    resources: Mapping[str, Any] | None = None,
) -> dg.Definitions:
    """Build the definitions of a profile.

    By default the `settings` are the environment's, with the selection of `assets/defs.yaml`, and
    the `catalogue` is loaded from the project's folders. `resources` replace those of the same key
    (data_dir, transport, portals, clock, reporter).
    """
    component = DatasetComponent()
    if settings is None:
        settings = Settings.from_environment()
        component = load_component(settings.declarations)
    catalogue = catalogue or load_catalogue(settings)
    bound_datasets = catalogue.select(settings.profile, list(component.datasets))
    return dg.Definitions.merge(
        component.definitions(settings, catalogue),
        dg.Definitions(
            jobs=_jobs(bound_datasets),
            schedules=schedules(bound_datasets, settings.profile),
            sensors=[
                automation_sensor(), *inbox_sensor(bound_datasets, settings),
                *after_run_sensors(settings, catalogue),
            ],
            resources={**default_resources(settings), **(resources or {})},
            executor=dg.in_process_executor,
        ),
    )


def _jobs(bound_datasets: dict[str, BoundDataset]) -> list[Any]:
    """Return a job for each sector; one for all is Dagster's own (“Materialize all”)."""
    groups: dict[str, list[str]] = {}
    for dataset_id, bound in bound_datasets.items():
        groups.setdefault(bound.dataset.sector, []).append(dataset_id)
    return [
        dg.define_asset_job(
            name,
            selection=[key for dataset_id in members for key in stages_of(dataset_id)],
            description=f"Every dataset of the sector {name}, from its source to the portal",
            executor_def=dg.in_process_executor,
        )
        for name, members in groups.items()
    ]
