"""Dagster resources: what a run needs besides the declarations.

Each is configured by plain values, which the UI shows; secrets come as `EnvVar`, which it does
not. Steps get the object that a resource stands for (a `DataDir`, a `Transport` …), so a test may
bind that object itself.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import SecretStr

from model.reference.city import use_project
from model.reference.registries import load_registries
from model.util.bucket import Bucket
from pipelines.connections import open_ckan, open_transport
from pipelines.settings import PREFIX, CkanSettings, Settings, read_token
from pipelines.steps.fetch import Polls
from pipelines.steps.progress import Clock, FailureLog
from portal.base import Portal
from portal.site.site import Site
from sources.base import Transport
from warehouse.store.data_dir import DataDir
from warehouse.store.shared_store import SharedStore


class DataDirResource(dg.ConfigurableResource, dg.IAttachDifferentObjectToOpContext):
    """The data folder."""

    root: str
    shared_store: str | None = None

    def get_object_to_set_on_execution_context(self) -> DataDir:
        """Return the data folder, with what other machines have committed."""
        shared = SharedStore(Bucket(self.shared_store)) if self.shared_store else None
        data_dir = DataDir(Path(self.root), shared)
        data_dir.take_news()
        return data_dir


class TransportResource(dg.ConfigurableResource, dg.IAttachDifferentObjectToOpContext):
    """Sends the requests to the sources."""

    profile: str
    files: str  # the folder that `file:` addresses lead to
    allow_private: bool = False

    def get_object_to_set_on_execution_context(self) -> Transport:
        """Return the transport of the profile."""
        return open_transport(self.profile, Path(self.files), self.allow_private)


class PortalsResource(dg.ConfigurableResource, dg.IAttachDifferentObjectToOpContext):
    """The portals that every release is published to."""

    project: str
    data_dir: str
    site_url: str | None = None
    ckan_url: str | None = None
    ckan_token: str | None = None
    ckan_token_file: str | None = None
    ckan_datastore_url: str | None = None

    def get_object_to_set_on_execution_context(self) -> tuple[Portal, ...]:
        """Return the site, and CKAN if it is configured."""
        project, data_dir = Path(self.project), DataDir(Path(self.data_dir))
        use_project(project)
        registries = load_registries(project)
        site = Site(data_dir.site, registries, base_url=self.site_url)
        if self.ckan_url is None:
            return (site,)
        token = read_token(
            SecretStr(self.ckan_token) if self.ckan_token else None,
            Path(self.ckan_token_file) if self.ckan_token_file else None,
        )
        ckan = CkanSettings(self.ckan_url, token, self.ckan_datastore_url)
        return (site, open_ckan(ckan, data_dir, registries))


class ClockResource(dg.ConfigurableResource, dg.IAttachDifferentObjectToOpContext):
    """The time written into records."""

    fixed: str | None = None  # ISO 8601, for reproducible runs

    def get_object_to_set_on_execution_context(self) -> Clock:
        """Return a function that gives the time in whole seconds, UTC."""
        if self.fixed is None:
            return lambda: datetime.now(UTC).replace(microsecond=0)
        fixed = datetime.fromisoformat(self.fixed)
        return lambda: fixed


class FailureLogResource(dg.ConfigurableResource, dg.IAttachDifferentObjectToOpContext):
    """The reporter of runs that nobody watches: it keeps failures for the notifications."""

    data_dir: str

    def get_object_to_set_on_execution_context(self) -> FailureLog:
        """Return the reporter."""
        return FailureLog(DataDir(Path(self.data_dir)))


def default_resources(settings: Settings) -> dict[str, Any]:
    """Return the resources of the settings, by key; any of them can be replaced."""
    ckan, root = settings.ckan, str(settings.data_dir.root)
    return {
        "data_dir": DataDirResource(
            root=root,
            shared_store=settings.shared_store.bucket.url if settings.shared_store else None,
        ),
        "transport": TransportResource(
            profile=settings.profile, files=str(settings.files or settings.data_dir.inbox),
            allow_private=settings.allow_private,
        ),
        "portals": PortalsResource(
            project=str(settings.project), data_dir=root, site_url=settings.site_url,
            ckan_url=ckan.url if ckan else None,
            ckan_token=dg.EnvVar(f"{PREFIX}CKAN_TOKEN") if settings.ckan_token else None,
            ckan_token_file=str(settings.ckan_token_file) if settings.ckan_token_file else None,
            ckan_datastore_url=(
                dg.EnvVar(f"{PREFIX}CKAN_DATASTORE_URL") if settings.ckan_datastore_url else None
            ),
        ),
        "clock": ClockResource(fixed=settings.epoch.isoformat() if settings.epoch else None),
        "reporter": FailureLogResource(data_dir=root),
        "polls": Polls(),
    }
