"""Whether anything is left to do for a dataset: what is up to date becomes no step of a run."""

from collections.abc import Sequence

from model.errors import OpenIndicatorsError
from pipelines.quality.report import ReleaseWithReport
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.publish import preview_site
from pipelines.steps.validate import find_validated
from portal.base import Portal, ShowsDrafts
from warehouse.store import drafts, failure_log, ledger, releases, validation_log
from warehouse.store.data_dir import DataDir


def is_up_to_date(bound: BoundDataset, data_dir: DataDir, portals: Sequence[Portal]) -> bool:
    """Return whether the last snapshot of `bound` has been carried to `portals`, by this very code.

    Reads and asks only. Where a record in `data_dir` cannot be read or a portal does not answer,
    something is left to do: the step that meets it says what.
    """
    try:
        return _is_released(bound, data_dir) and _is_published(bound, data_dir, portals)
    except (OpenIndicatorsError, OSError, ValueError):
        return False


def _is_released(bound: BoundDataset, data_dir: DataDir) -> bool:
    dataset = bound.dataset.id
    if failure_log.is_open(data_dir, dataset):
        return False
    validated = find_validated(bound, data_dir)
    if validated is None or validated.quality.blockers:
        return False
    inputs, current = bound.inputs(data_dir), releases.current(data_dir, dataset)
    if current is not None:
        current.verify()
    return (
        current is not None
        and current.release.reason != "withdrawal"
        and releases.is_unchanged(data_dir, current, validated, inputs)
        and not ledger.not_entered(data_dir, dataset)
        and drafts.is_settled(data_dir, dataset)
        and validation_log.is_logged(data_dir, validated, inputs)
    )


def _is_published(bound: BoundDataset, data_dir: DataDir, portals: Sequence[Portal]) -> bool:
    dataset = bound.dataset
    if preview_site(data_dir, bound.registries).shows(dataset.id):
        return False
    if dataset.review == "required" and any(isinstance(each, ShowsDrafts) for each in portals):
        return False  # only the portal knows whether it still shows a draft
    history = [ReleaseWithReport(data_dir, each) for each in releases.history(data_dir, dataset.id)]
    return all(
        difference.change == "=" for portal in portals for difference in portal.plan(list(history))
    )
