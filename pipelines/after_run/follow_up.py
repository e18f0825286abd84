"""Bring everything that depends on the records up to date after a run or a decision."""

from dataclasses import dataclass

from pipelines.after_run.alerts import forget_removed, notify
from pipelines.after_run.feeds import write_feeds
from pipelines.catalogue import Catalogue
from pipelines.settings import Settings
from warehouse.store import catalogue as warehouse_catalogue


@dataclass(frozen=True)
class FollowUp:
    """What was done after a run."""

    files: int  # of the site's quality pages, metrics and feeds
    messages: int  # sent to people


def follow_up(settings: Settings, catalogue: Catalogue) -> FollowUp:
    """Update the warehouse's views, the quality pages and feeds; send what is new to people.

    Quiet on repeats: a second call without news writes and sends nothing. The `settings` have the
    channels of notifications; failures of datasets that the `catalogue` has not are forgotten.

    Raises:
        StoreError: the data folder cannot be written, or a record is damaged.
    """
    warehouse_catalogue.refresh(settings.data_dir)
    files = write_feeds(settings, catalogue)
    forget_removed(settings)
    return FollowUp(files, notify(settings))
