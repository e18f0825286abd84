"""A data folder over another: what steps read is that of the other, what they write is not."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from warehouse.store import ledger, releases
from warehouse.store.data_dir import DataDir


@contextmanager
def overlay(data_dir: DataDir, datasets: Iterable[str]) -> Iterator[DataDir]:
    """Yield a temporary data folder with the records of `data_dir`, which is never written to.

    Releases are linked one by one, so that the next one of a dataset is made beside the links; of
    `datasets` there are the snapshots and acceptances, too.
    """
    with TemporaryDirectory(prefix="openindicators-preview-") as folder:
        over = DataDir(Path(folder))
        for dataset in releases.datasets(data_dir):
            one, other = data_dir.releases(dataset), over.releases(dataset)
            for number in map(str, ledger.numbers(data_dir, dataset)):
                _link(one / number, other / number)
        for dataset in datasets:
            for one, other in (
                (data_dir.snapshots(dataset), over.snapshots(dataset)),
                (data_dir.acceptances(dataset), over.acceptances(dataset)),
                (data_dir.accepted_checks(dataset), over.accepted_checks(dataset)),
            ):
                if one.exists():
                    _link(one, other)
        yield over


def own_snapshots(over: DataDir, dataset: str) -> None:
    """Let new snapshots of a `dataset` be stored in the overlay `over`, beside links to others."""
    folder = over.snapshots(dataset)
    if not folder.is_symlink():
        return
    taken = folder.resolve()
    folder.unlink()
    folder.mkdir()
    for path in taken.iterdir():
        if path.is_dir():
            _link(path, folder / path.name)
        else:
            shutil.copyfile(path, folder / path.name)


def _link(target: Path, link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target.resolve())
