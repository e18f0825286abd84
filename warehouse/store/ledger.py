"""The ledger: each number that a dataset's releases have used, with the checksum of its record.

    ledger/<sector>/<dataset>.jsonl   a line for each release, append-only

It stands apart from the releases: one that is lost is missed, one that was changed is seen, and a
number that was used is never used for other content. A release is entered right after its commit;
one that a crash left out, or that is older than the ledger, before it is published.
"""

from pathlib import Path

from model.errors import StoreError
from model.records.release import LedgerEntry, Release
from model.util.hashing import sha256_bytes
from warehouse.store import packs
from warehouse.store.atomic import append_log, read_log
from warehouse.store.data_dir import DataDir

RECORD = "release.json"


def entries(data_dir: DataDir, dataset: str) -> dict[int, LedgerEntry]:
    """Return what the ledger in `data_dir` says of each number of a `dataset`.

    Raises:
        StoreError: a line was changed after it was written.
    """
    todo = "run `openindicators doctor --restore`, which enters the releases that are there again"
    found = read_log(data_dir.ledger(dataset), LedgerEntry, "the ledger of releases", todo)
    return {entry.number: entry for entry in found}


def folders(data_dir: DataDir, dataset: str, known: dict[int, LedgerEntry]) -> list[Path]:
    """Return the folders of the releases of a `dataset` in `data_dir`, oldest first.

    `known` is what the ledger says. The folder of a packed release may be gone.

    Raises:
        StoreError: one is missing.
    """
    folder, there = data_dir.releases(dataset), numbers(data_dir, dataset)
    for number, entry in known.items():
        if number not in there and not entry.given_up:
            raise StoreError(
                f"release {number}, which was issued on {entry.issued:%Y-%m-%d}, is missing; what"
                " the portals show stays as it is", where=str(folder / str(number)),
                todo="restore the folder from a backup; without one, `openindicators doctor"
                " --restore` makes it again where the snapshot gives the same bytes",
            )
    return [folder / str(number) for number in sorted(there)]


def numbers(data_dir: DataDir, dataset: str) -> set[int]:
    """Return the numbers of the releases of a `dataset` that `data_dir` has, also in packs."""
    folder = data_dir.releases(dataset)
    there = {int(p.name) for p in folder.iterdir() if p.name.isdigit()} if folder.is_dir() else ()
    return {*there}.union(*(pack.numbers for pack in packs.newest(data_dir, dataset)))


def lost(data_dir: DataDir, dataset: str) -> list[LedgerEntry]:
    """Return the entries of a `dataset` whose releases `data_dir` lacks, oldest first.

    Those that were given up are left out.
    """
    there = numbers(data_dir, dataset)
    return [
        entry for entry in entries(data_dir, dataset).values()
        if not entry.given_up and entry.number not in there
    ]


def not_entered(data_dir: DataDir, dataset: str) -> list[Path]:
    """Return the folders of a `dataset`'s releases that the ledger does not know yet, oldest first.

    Both are in `data_dir`.
    """
    known = entries(data_dir, dataset)
    return [path for path in folders(data_dir, dataset, known) if int(path.name) not in known]


def enter(data_dir: DataDir, dataset: str) -> None:
    """Enter the releases of a `dataset` in `data_dir` that its ledger does not know yet.

    Raises:
        StoreError: full, read-only, forbidden, or a record is damaged.
    """
    new = not_entered(data_dir, dataset)
    if new:
        append_log(data_dir.ledger(dataset), map(_entry, new))


def give_up(data_dir: DataDir, dataset: str, entry: LedgerEntry) -> None:
    """Go on without a lost release, whose number stays used: a person has decided so.

    Args:
        data_dir: the data folder.
        dataset: id of the dataset.
        entry: what the ledger says of the release.
    """
    append_log(data_dir.ledger(dataset), [entry.model_copy(update={"given_up": True})])


def next_number(data_dir: DataDir, dataset: str) -> int:
    """Return the number of a `dataset`'s next release: one that none in `data_dir` has used."""
    known = entries(data_dir, dataset)
    there = folders(data_dir, dataset, known)
    return max([0, *known, *(int(folder.name) for folder in there)]) + 1


def record_bytes(folder: Path) -> bytes:
    """Return the record of the release in a `folder`, also where it was packed and the folder went.

    Raises:
        OSError: there is none.
        StoreError: its pack cannot be read.
    """
    path = folder / RECORD
    packed = None if path.exists() else packs.record_of(folder)
    return path.read_bytes() if packed is None else packed


def _entry(folder: Path) -> LedgerEntry:
    try:
        data = record_bytes(folder)
        release = Release.model_validate_json(data)
    except ValueError as error:
        raise StoreError(
            f"the release's record cannot be read: {error}", where=str(folder),
            todo="restore it from a backup: it is not in the ledger of releases yet",
        ) from error
    return LedgerEntry(number=release.number, issued=release.issued, sha256=sha256_bytes(data))
