"""Make a lost or damaged release again, from a snapshot, and compare it with the ledger."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from model.util.hashing import sha256_file
from pipelines.preview.overlay import overlay
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.validate import validate_table
from warehouse.store import ledger, releases, validation_log
from warehouse.store.data_dir import DataDir
from warehouse.store.working_tables import Validated


@contextmanager
def made_again(bound: BoundDataset, data_dir: DataDir, number: int) -> Iterator[Path | None]:
    """Yield a folder with the release `number` of `bound`; None where it cannot be made again.

    It has the very record that the ledger of `data_dir` has entered, which has the checksums of its
    files. That takes the releases before it, its snapshot, and a declaration and suite that are
    still the same; what a person decided cannot be made again.

    Raises:
        OpenIndicatorsError: what it is made from is damaged, too.
    """
    dataset = bound.dataset.id
    entry = ledger.entries(data_dir, dataset).get(number)
    if entry is None:
        yield None
        return
    taken = [path for path in data_dir.snapshots(dataset).glob("*") if path.is_dir()]
    with ExitStack() as stack:
        for snapshot in taken:
            over = stack.enter_context(overlay(data_dir, [dataset]))
            for path in over.releases(dataset).glob("*"):
                if int(path.name) >= number:
                    path.unlink()
            folder = over.snapshots(dataset)
            folder.unlink()
            folder.mkdir()
            (folder / snapshot.name).symlink_to(snapshot.resolve())
            (folder / "current").write_text(snapshot.name + "\n", encoding="utf-8")
            validated = validate_table(bound, over)
            if validated.quality.blockers:
                continue
            _as_logged(data_dir, validated)
            made, _ = releases.make(
                over, bound.dataset, validated, bound.inputs(over), entry.issued
            )
            if sha256_file(made.folder / ledger.RECORD) == entry.sha256:
                yield made.folder
                return
        yield None


def _as_logged(data_dir: DataDir, validated: Validated) -> None:
    """Give `validated` the durations of the validation run that found the same."""
    data_sha256 = sha256_file(validated.data)
    for run in validation_log.log(data_dir, validated.quality.dataset):
        path = data_dir.validation_runs(run.dataset) / f"{run.record_sha256}.json"
        if run.data_sha256 == data_sha256 and path.is_file():
            logged = validation_log.record(data_dir, run)
            if logged.without_durations() == validated.quality.without_durations():
                (validated.folder / "quality.json").write_bytes(path.read_bytes())
