"""One function that builds the Dagster definitions: for the command line, the UI and the tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from model.util.text import slug
from pipelines.catalogue import Catalogue, load_catalogue
from pipelines.dagster.assets import dataset_assets, stages_of
from pipelines.dagster.automation import (
    after_run_sensors,
    automation_sensor,
    inbox_sensor,
    schedules,
)
from pipelines.quality.scores_source import RecordTransport, reads_record
from pipelines.settings import SAMPLE, Settings
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.progress import FailureLog
from portal.base import Portal
from portal.ckan.client import CkanClient
from portal.ckan.datastore.api_loader import ApiLoader
from portal.ckan.datastore.copy_loader import CopyLoader
from portal.ckan.portal import Ckan
from portal.site import Site
from sources.base import Transport
from sources.demo.replay import ReplayTransport
from sources.fetch.by_scheme import TransportByScheme
from sources.fetch.folder import FolderTransport
from sources.fetch.http import HttpLimits, HttpTransport

ALL = "all_sectors"


def transport_for(settings: Settings, bound_datasets: dict[str, BoundDataset]) -> Transport:
    """Return what carries the requests of a profile.

    `file:` addresses lead to the inbox, or to the corpus, or to the warehouse's own record; others
    to the recorded facts of the embedded sample, or over HTTP.
    """
    if settings.profile == "corpus":
        folder = FolderTransport(settings.corpus)
    else:
        folder = FolderTransport(settings.data_dir.inbox)
    judged = {
        dataset_id: bound.dataset
        for dataset_id, bound in bound_datasets.items() if not reads_record(bound)
    }
    files = RecordTransport(folder, settings.data_dir, judged)
    if settings.profile == "sample":
        return TransportByScheme(files=files, web=ReplayTransport(SAMPLE))
    limits = HttpLimits(allow_private=settings.allow_private)
    return TransportByScheme(files=files, web=HttpTransport(limits))


def portals_for(settings: Settings, catalogue: Catalogue) -> tuple[Portal, ...]:
    """Return the portals that every release goes to: the site, and CKAN where it is named."""
    site = Site(settings.data_dir.site, catalogue.registries, base_url=settings.site_url)
    ckan = ckan_for(settings, catalogue)
    return (site, ckan) if ckan else (site,)


def ckan_for(
    settings: Settings, catalogue: Catalogue, overwrite: bool = False
) -> Ckan | None:
    """Return the CKAN portal, or None where no address is configured.

    Args:
        settings: name the portal.
        catalogue: gives the names and licences.
        overwrite: decide conflicts with people's edits in favour of the release.
    """
    if settings.ckan is None:
        return None
    client = CkanClient(settings.ckan.url, settings.ckan.token)
    datastore_url = settings.ckan.datastore_url
    return Ckan(
        client, settings.data_dir.root, catalogue.registries,
        loader=CopyLoader(client, lambda: datastore_url) if datastore_url else ApiLoader(client),
        overwrite=overwrite,
    )


def resources_for(settings: Settings, catalogue: Catalogue) -> dict[str, Any]:
    """Return the resources of a run; any of them can be replaced."""
    return {
        "data_dir": settings.data_dir,
        "transport": transport_for(settings, catalogue.bound_datasets(settings.profile)),
        "portals": portals_for(settings, catalogue),
        "clock": settings.now,
        "reporter": FailureLog(settings.data_dir),
    }


def build_definitions(
    settings: Settings | None = None,
    catalogue: Catalogue | None = None,
    resources: Mapping[str, Any] | None = None,
) -> dg.Definitions:
    """Build the definitions of a profile.

    Args:
        settings: default: from the environment.
        catalogue: default: loaded from the project's folders.
        resources: replace resources by name (home, transport, portals, clock, reporter).
    """
    settings = settings or Settings.from_environment()
    catalogue = catalogue or load_catalogue(settings)
    bound_datasets = catalogue.bound_datasets(settings.profile)
    chosen = {**resources_for(settings, catalogue), **(resources or {})}
    jobs = _jobs(bound_datasets)
    # A portal that others share takes one dataset at a time (Dagster's limit of the pool).
    pool = f"portal-{slug(settings.ckan.url)}" if settings.ckan else None
    return dg.Definitions(
        assets=[
            asset
            for bound in bound_datasets.values()
            for asset in dataset_assets(bound, pool)
        ],
        jobs=jobs,
        schedules=schedules(bound_datasets),
        sensors=[
            automation_sensor(), *inbox_sensor(bound_datasets, settings),
            *after_run_sensors(settings, catalogue),
        ],
        resources={
            name: dg.ResourceDefinition.hardcoded_resource(value)
            for name, value in chosen.items()
        },
        executor=dg.in_process_executor,
    )


def _jobs(bound_datasets: dict[str, BoundDataset]) -> list[Any]:
    """Return a job for each sector and one for all."""
    groups: dict[str, list[str]] = {ALL: list(bound_datasets)}
    for dataset_id, bound in bound_datasets.items():
        groups.setdefault(bound.dataset.sector, []).append(dataset_id)
    return [
        dg.define_asset_job(
            name,
            selection=[key for dataset_id in members for key in stages_of(dataset_id)],
            description=(
                "Every dataset, from its source to the portal"
                if name == ALL
                else f"Every dataset of the sector {name}, from its source to the portal"
            ),
            executor_def=dg.in_process_executor,
        )
        for name, members in groups.items()
        if members
    ]
