"""Release: turn a validated table into the next release, or into a draft that waits for review."""

from dataclasses import dataclass

from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.progress import Clock
from pipelines.steps.validate import blocking_error, validate_table
from warehouse.store import drafts, releases
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease


@dataclass(frozen=True)
class Released:
    """The result of the release step."""

    current: StoredRelease | None  # None until a release is approved
    draft: StoredRelease | None  # waits for approval
    changed: bool  # whether a release or a draft was made, or a draft removed, by this call


def make_release(bound: BoundDataset, data_dir: DataDir, clock: Clock) -> Released:
    """Make the next release of `bound` or its draft, unless nothing that matters has changed.

    `data_dir` holds the validated table; `clock` gives the time of issue.

    Raises:
        QualityError, DriftError: the release is blocked; the last good release stays current.
        DeclarationError: the dataset was withdrawn.
    """
    dataset = bound.dataset
    releases.refuse_withdrawn(releases.current(data_dir, dataset.id))
    validated = validate_table(bound, data_dir)
    if validated.quality.blockers:
        raise blocking_error(validated.quality)
    inputs = bound.inputs(data_dir)
    with data_dir.dataset_lock(dataset.id):
        if dataset.review == "required":
            draft, changed = drafts.propose(data_dir, dataset, validated, inputs, clock())
            return Released(releases.current(data_dir, dataset.id), draft, changed)
        stored, made = releases.make(data_dir, dataset, validated, inputs, clock())
        closed = drafts.close(data_dir, dataset.id, f"release {stored.release.number}", clock())
        return Released(stored, None, made or closed)
