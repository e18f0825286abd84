"""Enter what the site shows in the transparency log, and put the log beside it.

The log in the data folder is the one that counts: a site can be made again, a log cannot. Its lines
are added before the copy in the site is.
"""

from collections.abc import Iterator
from pathlib import Path

from model.errors import OpenIndicatorsError, StoreError
from model.util.disk import write_if_changed
from model.util.hashing import sha256_file
from pipelines.settings import Settings
from portal.site.shared_pages.shared_files import STATE
from portal.site_folder.release_files import locked
from portal.site_folder.state import all_datasets
from portal.transparency.audit import lines
from portal.transparency.merkle import roots
from portal.transparency.records import (
    ENTRIES,
    FOLDER,
    HEADS,
    Head,
    KeyEntry,
    LogLine,
    LossEntry,
    ReleaseEntry,
    files_checksum,
)
from portal.transparency.signing import SigningKey
from warehouse.store import ledger
from warehouse.store.atomic import append_log, read_log
from warehouse.store.data_dir import DataDir

_TODO = "put back the log's folder from a backup, or from `log/` of a copy of the site"


def enter_published(settings: Settings, damaged: dict[str, OpenIndicatorsError]) -> int:
    """Enter what is new in the site of the `settings`, under a new head.

    A dataset whose ledger cannot be read is entered in `damaged`, and its releases later.

    Returns:
        How many files of the site were written: none where nothing is new.

    Raises:
        StoreError: the log is damaged, or cannot be written.
        PortalError: the signing key cannot be read, or is not the one in force.
    """
    data_dir = settings.data_dir
    with locked(data_dir.site):
        catalogue = data_dir.site / STATE
        if not catalogue.exists():
            return 0
        entries, heads = read(data_dir)
        key = SigningKey.read(settings.signing_key) if settings.signing_key else None
        public = key.public if key else ""
        checksum = sha256_file(catalogue)
        known = (heads[-1].size, heads[-1].catalogue, heads[-1].key) if heads else None
        if known != (len(entries), checksum, public):
            new = [LogLine(each) for each in _new(data_dir, entries, public, damaged)]
            append_log(data_dir.transparency_log / ENTRIES, new)
            _add_head(settings, checksum, key)
        return sum(
            write_if_changed(data_dir.site / FOLDER / name, _whole_lines(data_dir, name))
            for name in (ENTRIES, HEADS)
        )


def rotate(settings: Settings, new: SigningKey) -> None:
    """Enter a `new` key, signed by the one of the `settings`; the next head is signed by it.

    Raises:
        StoreError: the log is damaged, or cannot be written.
        PortalError: the key of the settings cannot be read, or is not the one in force.
    """
    with locked(settings.data_dir.site):
        entries, _ = read(settings.data_dir)
        before = SigningKey.read(settings.signing_key) if settings.signing_key else None
        if before is None or _in_force(entries) != before.public:
            raise StoreError(
                "the key in force is needed to sign the new one",
                where=str(settings.signing_key or "OPENINDICATORS_SIGNING_KEY"),
                todo="set OPENINDICATORS_SIGNING_KEY to its file",
            )
        entry = KeyEntry(public=new.public, statement=before.sign(new.public))
        append_log(settings.data_dir.transparency_log / ENTRIES, [LogLine(entry)])


Entry = ReleaseEntry | LossEntry | KeyEntry


def read(data_dir: DataDir) -> tuple[list[Entry], list[Head]]:
    """Return the entries of the log in a `data_dir`, and its heads, oldest first.

    Raises:
        StoreError: a line was changed, or lines that a head covers are not those that it covered.
    """
    folder = data_dir.transparency_log
    found = read_log(folder / ENTRIES, LogLine, "the transparency log", _TODO)
    heads = read_log(folder / HEADS, Head, "the transparency log", _TODO)
    copied = data_dir.site / FOLDER / HEADS
    if not heads and copied.exists():
        raise StoreError(
            "the transparency log is missing; the site has a copy", where=str(folder),
            todo=f"put it back: `mkdir {folder}; cp {copied.parent}/* {folder}/`",
        )
    if heads:
        last = heads[-1]
        made = roots(lines((folder / ENTRIES).read_bytes()), {last.size})
        if made.get(last.size) != last.root:
            raise StoreError(
                f"the transparency log does not have the {last.size} entries that its head of"
                f" {last.time:%Y-%m-%d %H:%M} covers", where=str(folder / ENTRIES), todo=_TODO,
            )
    return [line.root for line in found], heads


def _new(
    data_dir: DataDir, entries: list[Entry], public: str, damaged: dict[str, OpenIndicatorsError]
) -> Iterator[Entry]:
    """Yield what is not in the log yet; the first key before what it signs.

    Raises:
        StoreError: another key is in force than the one that has the `public` part.
    """
    force = _in_force(entries)
    if force and force != public:
        raise StoreError(
            "the transparency log is signed by another key" if public
            else "the transparency log is signed, and no key is set",
            where="OPENINDICATORS_SIGNING_KEY",
            todo=f"set it to the file of the key {force}, or enter a new one by"
            " `openindicators keys rotate FILE`",
        )
    if public and not force:
        yield KeyEntry(public=public)
    newest = {
        (entry.dataset, entry.number): entry for entry in entries if isinstance(entry, ReleaseEntry)
    }
    lost = {(entry.dataset, entry.number) for entry in entries if isinstance(entry, LossEntry)}
    for state in all_datasets(data_dir.site):
        try:
            known = ledger.entries(data_dir, state.dataset)
        except OpenIndicatorsError as error:
            damaged[state.dataset] = error
            continue
        for release in state.releases:
            if release.number not in known:
                continue  # the ledger is damaged or behind; the next run enters it
            entry = ReleaseEntry(
                dataset=state.dataset, number=release.number, issued=release.issued,
                record=known[release.number].sha256, files=files_checksum(release),
            )
            if newest.get((entry.dataset, entry.number)) != entry:
                yield entry
        for number, item in known.items():
            name = state.dataset, number
            if item.given_up and name in newest and name not in lost:
                yield LossEntry(dataset=state.dataset, number=number)


def _in_force(entries: list[Entry]) -> str:
    return next(
        (entry.public for entry in reversed(entries) if isinstance(entry, KeyEntry)), ""
    )


def _add_head(settings: Settings, catalogue: str, key: SigningKey | None) -> None:
    folder = settings.data_dir.transparency_log
    log = folder / ENTRIES
    found = lines(log.read_bytes()) if log.exists() else []
    head = Head(
        size=len(found), root=roots(found, {len(found)})[len(found)], catalogue=catalogue,
        time=settings.now().replace(microsecond=0), key=key.public if key else "",
    )
    if key:
        head = head.model_copy(update={"signature": key.sign(head.text)})
    append_log(folder / HEADS, [head])


def _whole_lines(data_dir: DataDir, name: str) -> bytes:
    path: Path = data_dir.transparency_log / name
    data = path.read_bytes() if path.exists() else b""
    return data[: data.rfind(b"\n") + 1]
