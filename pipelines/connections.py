"""Connections to the outside: the transport that sources are fetched with, and the portals.

Shared by Dagster's resources and the commands that need no Dagster.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from model.reference.city import city, open_city_error
from model.reference.registries import Registries
from model.util.text import fold
from pipelines.settings import SAMPLE, CkanSettings, Settings
from pipelines.submissions.transport import SubmissionTransport
from portal.base import Portal
from portal.site.site import Site
from sources.base import Transport
from sources.demo.replay import ReplayTransport
from sources.fetch.folder import FolderTransport, TransportByScheme
from sources.fetch.http import USER_AGENT, HttpLimits, HttpTransport
from warehouse.store.data_dir import DataDir

if TYPE_CHECKING:
    from portal.ckan.portal import Ckan


def open_transport(profile: str, folder: Path, allow_private: bool = False) -> Transport:
    """Return the transport of a `profile`: `sample` replays embedded responses, `live` uses HTTP.

    `file:` addresses lead to a `folder`; `allow_private` lets others lead to private networks.
    """
    files, web = FolderTransport(folder), _web(profile, allow_private)
    return SubmissionTransport(TransportByScheme(files=files, web=web))


def _web(profile: str, allow_private: bool) -> Transport:
    if profile == "sample":
        return ReplayTransport(SAMPLE)
    return HttpTransport(HttpLimits(allow_private=allow_private), user_agent())


def user_agent() -> str:
    """Return how requests introduce themselves: with the city that asks."""
    return f"{USER_AGENT} for {fold(city().name.get('en')).title()}"


def open_portals(settings: Settings, registries: Registries) -> tuple[Portal, ...]:
    """Return the portals that releases are published to: the site, and CKAN if `settings` name one.

    `registries` have the names of publishers, sectors and licences.
    """
    site = Site(
        settings.data_dir.site, registries, base_url=settings.site_url, processes=settings.workers
    )
    if settings.ckan is None:
        return (site,)
    return (site, open_ckan(settings.ckan, settings.data_dir, registries))


def open_ckan(
    ckan: CkanSettings, data_dir: DataDir, registries: Registries, overwrite: bool = False
) -> Ckan:
    """Return the portal of `ckan`, its address and secrets, with its journal in `data_dir`.

    `registries` have names and licences; `overwrite` resolves conflicts with people's edits in
    favour of the release.

    Raises:
        OpenQuestionsError: city.yaml leaves open who publishes there, or under which names.
    """
    # A run without CKAN does without PostgreSQL's library and a second one for HTTP.
    from portal.ckan.client import CkanClient  # noqa: PLC0415
    from portal.ckan.datastore.api_loader import ApiLoader  # noqa: PLC0415
    from portal.ckan.datastore.copy_loader import CopyLoader  # noqa: PLC0415
    from portal.ckan.portal import Ckan  # noqa: PLC0415

    if asked := open_city_error():
        raise asked
    client = CkanClient(ckan.url, ckan.token)
    url = ckan.datastore_url
    loader = CopyLoader(client, lambda: url) if url else ApiLoader(client)
    return Ckan(client, data_dir.root, registries, loader=loader, overwrite=overwrite)
