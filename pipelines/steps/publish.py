"""Publish: bring the portals to the current release, and previews to the waiting draft."""

import logging
from collections.abc import Mapping, Sequence
from itertools import product

from model.errors import OpenIndicatorsError
from model.records.release import Publication
from model.reference.registries import Registries
from pipelines.quality.report import ReleaseWithReport
from portal.base import Portal, ShowsDrafts
from portal.site.site import Site
from warehouse.store import drafts, ledger, releases
from warehouse.store.data_dir import DataDir

log = logging.getLogger(__name__)


def publish(dataset: str, data_dir: DataDir, portal: Portal) -> Publication | None:
    """Bring a `portal` to the current release in `data_dir` of a `dataset`, declared or not.

    Returns:
        What the portal shows; None without an approved release.

    Raises:
        PortalError: the portal refused; it still shows the old release.
        StoreError: a record is damaged.
    """
    with data_dir.dataset_lock(dataset):
        ledger.enter(data_dir, dataset)  # pages quote it; who made the release may have been killed
        history = releases.history(data_dir, dataset)
        if not history:
            return None
        return portal.apply([ReleaseWithReport(data_dir, item) for item in history])


def publish_left_behind(
    failed: Mapping[str, str], data_dir: DataDir, portals: Sequence[Portal]
) -> None:
    """Publish releases that a run which was killed has left behind, though what follows them fails.

    Args:
        failed: what people are told of datasets that fail before a step of theirs publishes them.
        data_dir: has their releases.
        portals: where to publish.
    """
    for (dataset, told), portal in product(failed.items(), portals):
        try:
            publish(dataset, data_dir, portal)
        except OpenIndicatorsError as error:
            if error.what not in told:
                log.warning("%s, publication: %s", dataset, error)


def preview_site(data_dir: DataDir, registries: Registries) -> Site:
    """Return the site that shows drafts; `data_dir` holds it, `registries` name what it shows."""
    return Site(data_dir.preview, registries, preview=True)


def show_draft(
    dataset: str, data_dir: DataDir, registries: Registries, portals: Sequence[Portal]
) -> list[Publication]:
    """Show the waiting draft of a `dataset` to its reviewers, or remove one that waits no longer.

    `data_dir` has the draft, and the preview site, whose pages need the `registries`. Each of the
    `portals` that can keep a draft private shows it too.

    Returns:
        What is shown; empty without a draft.

    Raises:
        PortalError: the folder cannot be written, or a portal refused.
    """
    preview = preview_site(data_dir, registries)
    with data_dir.dataset_lock(dataset):
        draft = drafts.waiting(data_dir, dataset)
        previews: list[Publication | None] = []
        if draft is None:
            preview.remove(dataset)
        else:
            previews.append(preview.apply([
                ReleaseWithReport(data_dir, item)
                for item in (*releases.history(data_dir, dataset), draft)
            ]))
        for portal in portals:
            if isinstance(portal, ShowsDrafts):
                reported = ReleaseWithReport(data_dir, draft) if draft else None
                previews.append(portal.show_draft(dataset, reported))
        return [item for item in previews if item is not None]
