"""Make a release again, to the byte: a lost one from what the data folder has, or a stranger's."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from model.errors import DriftError, QualityError, StoreError
from model.records.release import Decision, Release
from model.records.validation import QualityRecord
from model.util.hashing import has_checksum, sha256_bytes, sha256_file
from pipelines.preview.overlay import overlay, own_snapshots
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.validate import blocking_error, validate_table
from portal.site_folder.state import DatasetState, read_state
from warehouse.store import (
    acceptances,
    decisions,
    drafts,
    ledger,
    releases,
    snapshots,
    validation_log,
)
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease
from warehouse.store.working_tables import Validated

BY_HAND = ("rollback", "withdrawal")  # decisions whose releases have no snapshot of their own


def repeat(
    bound: BoundDataset, data_dir: DataDir, issued: datetime, decision: Decision | None,
    recorded: Callable[[Validated], bytes | None],
) -> StoredRelease:
    """Make the next release as it was made once, from the last snapshot or by a `decision`.

    Args:
        bound: the dataset.
        data_dir: has the releases before it, the snapshot, and what was accepted.
        issued: when it was made.
        decision: what a person decided about it, None where nobody did.
        recorded: gives the quality record, with its durations, that was kept of the same outcome.

    Raises:
        OpenIndicatorsError: it cannot be made of these inputs.
    """
    dataset = bound.dataset
    if decision and decision.kind == "rollback":
        to = decision.of_release or 0
        return decisions.rollback(
            data_dir, dataset.id, to, decision.by, decision.reason, issued
        )
    if decision and decision.kind == "withdrawal":
        reason, successor = decision.reason or "", decision.successor
        return decisions.withdraw(data_dir, dataset.id, decision.by, reason, successor, issued)
    validated = validate_table(bound, data_dir)
    if validated.quality.blockers:
        raise blocking_error(validated.quality)
    if quality := recorded(validated):
        (validated.folder / "quality.json").write_bytes(quality)
    inputs = bound.inputs(data_dir)
    if decision:
        drafts.propose(data_dir, dataset, validated, inputs, issued)
        return drafts.approve(data_dir, dataset.id, None, decision.by, issued)
    return releases.make(data_dir, dataset, validated, inputs, issued)[0]


def same_outcome(quality: bytes, validated: Validated) -> bool:
    """Whether the record `quality` says what was `validated`, but for how long each check took."""
    kept = QualityRecord.model_validate_json(quality)
    return kept.without_durations() == validated.quality.without_durations()


@contextmanager
def made_again(bound: BoundDataset, data_dir: DataDir, number: int) -> Iterator[Path | None]:
    """Yield a folder with the release `number` of `bound`; None where it cannot be made again.

    It has the very record that the ledger of `data_dir` has entered, which has the checksums of its
    files. That takes the releases before it, its snapshot, and a declaration and suite that are
    still the same; of a person's decision the record, or the site's.

    Raises:
        OpenIndicatorsError: what it is made from is damaged, too.
    """
    dataset = bound.dataset.id
    entry = ledger.entries(data_dir, dataset).get(number)
    if entry is None:
        yield None
        return
    decision = _decision(data_dir, dataset, number, entry.sha256)
    taken: list[Path | None] = [
        path for path in sorted(data_dir.snapshots(dataset).glob("*")) if path.is_dir()
    ]
    if decision and decision.kind in BY_HAND:
        taken = [None]

    def as_logged(validated: Validated) -> bytes | None:
        return _as_logged(data_dir, validated)

    with ExitStack() as stack:
        for snapshot in taken:
            over = stack.enter_context(overlay(data_dir, [dataset]))
            for path in over.releases(dataset).glob("*"):
                if int(path.name) >= number:
                    path.unlink()
            if snapshot:
                own_snapshots(over, dataset)
                snapshots.count_as_last(over, dataset, snapshot.name)
            acceptances.copy(data_dir, over, dataset, entry.issued)
            try:
                made = repeat(bound, over, entry.issued, decision, as_logged)
            except (QualityError, DriftError, StoreError):
                continue  # another snapshot than that of the release, or a damaged one
            if sha256_file(made.folder / ledger.RECORD) == entry.sha256:
                yield made.folder
                return
        yield None


def _decision(
    data_dir: DataDir, dataset: str, number: int, sha256: str
) -> Decision | None:
    """Return what a person decided about a release, as its record says, else the site."""
    with suppress(OSError, StoreError):
        record = ledger.record_bytes(data_dir.releases(dataset) / str(number))
        if sha256_bytes(record) == sha256:
            return Release.model_validate_json(record).decision
    state = read_state(DatasetState, data_dir.site / "datasets" / dataset / "dataset.json")
    shown = state.of_release(number) if state else None
    return shown.decision if shown else None


def _as_logged(data_dir: DataDir, validated: Validated) -> bytes | None:
    """Return the record of the validation run that found the same, with its durations."""
    data_sha256 = sha256_file(validated.data)
    for run in reversed(validation_log.log(data_dir, validated.quality.dataset)):
        path = data_dir.validation_runs(run.dataset) / f"{run.record_sha256}.json"
        if run.data_sha256 == data_sha256 and has_checksum(path, run.record_sha256):
            quality = path.read_bytes()
            if same_outcome(quality, validated):
                return quality
    return None
