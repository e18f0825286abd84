"""Restore what is damaged in a data folder: from a copy, by flipping a bit back, or made again."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path

from pydantic import BaseModel

from model.errors import OpenIndicatorsError
from model.records.release_blockers import counted
from model.util.disk import atomic_write
from pipelines.integrity import Damage, Inspection, Line, is_whole, lines_of
from warehouse.store import ledger, packs
from warehouse.store.atomic import atomic_directory, remove_directory
from warehouse.store.data_dir import DataDir

SMALL = 65_536  # bytes: up to here each bit is flipped back in turn, which takes seconds
# Makes a release of a dataset, by its number, from its snapshot in a folder of its own, with the
# very record that the ledger has entered; gives None where it cannot.
MakeAgain = Callable[[str, int], AbstractContextManager[Path | None]]


def restore(
    data_dir: DataDir, found: Inspection, make_again: MakeAgain
) -> Iterator[tuple[Damage, str | None]]:
    """Restore what can be restored; yield each damage, and how, None where it could not be.

    Args:
        data_dir: the data folder, which no run holds.
        found: what was found in it.
        make_again: makes a release again.
    """
    for damage in sorted(found.damages, key=lambda item: item.derived):
        yield damage, _restored(data_dir, damage, found.intact, make_again)


def _restored(
    data_dir: DataDir, damage: Damage, intact: dict[str, Path], make_again: MakeAgain
) -> str | None:
    path, sha256 = damage.path, damage.sha256
    if path.suffix == ".jsonl" and not damage.derived:
        return _restore_log(data_dir, path, damage.kind or Line)
    is_folder = data_dir.root / "releases" in path.parents and path.name.isdigit()
    if sha256 in intact and path.parent.is_dir() and not is_folder:
        _copy(intact[sha256], path)
        return f"restored from {intact[sha256].relative_to(data_dir.root)}"
    if path.is_file() and (data := _unflipped(path.read_bytes(), damage.is_right)) is not None:
        with atomic_write(path) as staging:
            staging.write_bytes(data)
        return "restored: one bit had flipped"
    if damage.derived:
        whole = data_dir.root / "tables", data_dir.root / "packs"
        folder = path.parent if {*whole} & {*path.parents} else None
        remove_directory(folder) if folder else path.unlink(missing_ok=True)
        return "removed: the next run makes it again"
    if (pack := packs.pack_of(path.parent)) and data_dir.root / "packs" in path.parents:
        return _without_pack(data_dir, pack, make_again)
    if data_dir.root / "releases" in path.parents and sha256 is not None:
        folder = path if is_folder else path.parent
        with make_again("/".join(folder.parts[-3:-1]), int(folder.name)) as made:
            if made and is_folder:
                with atomic_directory(path) as staging:
                    shutil.copytree(made, staging, dirs_exist_ok=True)
            elif made:
                _copy(made / path.name, path)
            return "made again from the snapshot, with the same bytes" if made else None
    return None


def _without_pack(data_dir: DataDir, pack: packs.Pack, make_again: MakeAgain) -> str | None:
    """Make the files of a damaged `pack` again in their releases, and remove it, if all can be."""
    dataset = "/".join(pack.folder.parts[-3:-1])
    for number in pack.numbers:
        folder = data_dir.releases(dataset) / str(number)
        with make_again(dataset, number) as made:
            if made is None:
                return None
            for path in made.iterdir():
                if not (folder / path.name).exists():
                    _copy(path, folder / path.name)
    remove_directory(pack.folder)
    return f"removed: {pack.held.replace('are in it', 'stand in full again')}, and are packed later"


def _restore_log(data_dir: DataDir, path: Path, kind: type[BaseModel]) -> str:
    """Restore each damaged line of a log; what cannot be restored moves to `<log>.torn`."""
    kept: list[bytes] = []
    torn: list[bytes] = []
    for line in lines_of(path.read_bytes(), kind):
        right = (each for each in (line, line[:-1]) if is_whole(each, kind))
        whole = next(right, None) or _unflipped(line, partial(is_whole, kind=kind))
        (torn if whole is None else kept).append(whole or line)
    with path.with_name(f"{path.name}.torn").open("ab") as file:
        file.writelines(line + b"\n" for line in torn)
    with atomic_write(path) as staging:
        staging.write_bytes(b"".join(line + b"\n" for line in kept))
    if not torn:
        return "restored: one bit of a line had flipped"
    if data_dir.root / "ledger" in path.parents:
        with suppress(OpenIndicatorsError):  # another release is missing: the next run enters them
            ledger.enter(data_dir, f"{path.parent.name}/{path.stem}")
        return "entered again from the releases"
    return (
        f"{counted(len(torn), 'line')} could not be restored and went to {path.name}.torn: if there"
        " is a backup of the log, put it back"
    )


def _copy(source: Path, target: Path) -> None:
    with atomic_write(target) as staging:
        shutil.copyfile(source, staging)


def _unflipped(data: bytes, is_right: Callable[[bytes], bool]) -> bytes | None:
    """Return `data` with one bit flipped back so that it `is_right`; None where no bit does it."""
    if len(data) > SMALL:
        return None
    changed = bytearray(data)
    for index in range(len(changed)):
        for bit in range(8):
            changed[index] ^= 1 << bit
            if is_right(bytes(changed)):
                return bytes(changed)
            changed[index] ^= 1 << bit
    return None
