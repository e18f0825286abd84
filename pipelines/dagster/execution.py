"""Datasets of a run of the command line, as one Dagster run in this process."""

import logging
from collections.abc import Mapping
from typing import Any

import dagster as dg
from sqlalchemy.exc import DatabaseError

from assets.component import assets_of
from model.errors import OpenIndicatorsError, QualityError
from pipelines.dagster.instance import open_instance, set_aside
from pipelines.dagster.resources import default_resources
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset

log = logging.getLogger(__name__)
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_in_process(
    settings: Settings, chosen: Mapping[str, BoundDataset], others: Mapping[str, BoundDataset],
    resources: Mapping[str, Any],
) -> list[tuple[str, str, OpenIndicatorsError]]:
    """Run `chosen` datasets as Dagster's job of all assets, with the assets of these alone.

    `others` are all datasets of the profile, by id. The default resources are made from the
    `settings`; `resources` replace them, by key.

    Returns:
        The steps that failed: dataset, stage, and the error as Dagster knows it.

    Dagster's history only describes what the data folder records itself: one that is damaged is set
    aside, and the run starts a new one.

    Raises:
        OpenIndicatorsError: Dagster's run failed outside of any step.
    """
    try:
        return _run_in_process(settings, chosen, others, resources)
    except DatabaseError as error:
        set_aside(settings.data_dir, error, postgres=settings.shares_history)
        return _run_in_process(settings, chosen, others, resources)


def _run_in_process(
    settings: Settings, chosen: Mapping[str, BoundDataset], others: Mapping[str, BoundDataset],
    resources: Mapping[str, Any],
) -> list[tuple[str, str, OpenIndicatorsError]]:
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    job = dg.Definitions(
        assets=assets_of(settings, chosen, others),
        executor=dg.in_process_executor,
        # The command has taken the news of a shared store already.
        resources={**default_resources(settings), "data_dir": settings.data_dir, **resources},
    ).resolve_implicit_global_asset_job_def()
    with open_instance(settings.data_dir, postgres=settings.shares_history) as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False, run_config=QUIET)
    failed = [_failure(event) for event in result.all_events if event.is_step_failure]
    if not result.success and not failed:
        raise OpenIndicatorsError(
            "Dagster's run failed outside of any step", todo="`make ui` shows the run's log"
        )
    return failed


def _failure(event: dg.DagsterEvent) -> tuple[str, str, OpenIndicatorsError]:
    *path, stage = str(event.node_name).split("__")
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return "/".join(path), stage, QualityError(error.message.strip() if error else "failed")
