"""Files of many datasets, by sector: a ZIP of their CSV files, and one Parquet file of all figures.

A file is made again only when a file that it holds has changed. Its bytes depend on nothing else.
"""

import shutil
import struct
import zipfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from copy import copy
from pathlib import Path
from typing import IO, cast

import duckdb

from model.errors import PortalError
from model.util.disk import atomic_write, write_if_changed
from model.util.hashing import has_checksum, pretty_json, sha256_file, sha256_json
from model.util.sql import literal
from portal.api.files import read_index
from portal.site_folder.state import DatasetState

INDEX, ZIP, PARQUET = "bulk/index.json", "bulk/{sector}.zip", "bulk/{sector}.parquet"
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of ZIP: the same files give the same bytes
_HEADER = struct.Struct("<26x2H")  # of a file in a ZIP: the lengths of its name and extra field
_ZIPPED = ("csv-metadata.json", "{name}.csv", "{name}-dictionary.csv", "{name}-changes.csv")
_Files = list[tuple[str, str]]  # path in the site, checksum


def write(folder: Path, states: Sequence[DatasetState]) -> dict[str, str]:
    """Bring the bulk files of the site in a `folder` to what the `states` of its datasets say.

    Returns the path of each in the site, with its checksum; one that is no longer among them goes.
    """
    public = [state for state in states if state.public and not state.withdrawn]
    wanted: dict[str, tuple[_Files, Callable[[Path, Path, _Files, Path | None], None]]] = {}
    for sector in sorted({state.sector for state in public}):
        members = [state for state in public if state.sector == sector]
        wanted[ZIP.format(sector=sector)] = (_files(members, *_ZIPPED), _write_zip)
        wanted[PARQUET.format(sector=sector)] = (_files(members, "{name}.parquet"), _write_parquet)
    before = read_index(folder / INDEX)
    index = {}
    for path, (files, make) in wanted.items():
        entry = before.get(path, {})
        inputs = sha256_json(files)
        whole = "sha256" in entry and has_checksum(folder / path, entry["sha256"])
        if not (whole and entry["inputs"] == inputs):
            if not all(has_checksum(folder / name, sha256) for name, sha256 in files):
                # Damage is not passed on: what is there stays until its dataset is mended.
                if whole:
                    index[path] = entry
                continue
            with atomic_write(folder / path, PortalError, lasting=False) as staging:
                make(staging, folder, files, folder / path if whole else None)
            target = folder / path
            size = target.stat().st_size
            entry = {"inputs": inputs, "sha256": sha256_file(target), "bytes": size}
        index[path] = entry
    write_if_changed(folder / INDEX, pretty_json(index), PortalError, lasting=False)
    return {path: entry["sha256"] for path, entry in index.items()} | {
        INDEX: sha256_file(folder / INDEX)
    }


def _files(states: Iterable[DatasetState], *names: str) -> _Files:
    """Return the current files of these `names`, in which `{name}` is the dataset's."""
    return [
        (f"datasets/{state.dataset}/{file.name}", file.sha256)
        for state in states
        for release in (state.of_release(state.release),) if release
        for file in release.files
        if file.name in [name.format(name=state.name) for name in names]
    ]


def _write_zip(target: Path, folder: Path, files: _Files, stands: Path | None) -> None:
    """Write a ZIP of `files` in a site's `folder`; each has its checksum as the comment.

    Those that are the same in the ZIP that `stands` are taken over as they are compressed.
    """
    with ExitStack() as opened:
        archive = opened.enter_context(
            zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=3)
        )
        old = opened.enter_context(zipfile.ZipFile(stands)) if stands else None
        known = {(each.filename, each.comment): each for each in old.filelist} if old else {}
        for path, sha256 in files:
            entry = zipfile.ZipInfo(path.removeprefix("datasets/"), _FIRST_DAY)
            entry.compress_type, entry.comment = zipfile.ZIP_DEFLATED, sha256.encode()
            if old and (same := known.get((entry.filename, entry.comment))):
                _take_over(archive, old, same)
                continue
            with (folder / path).open("rb") as file, \
                    archive.open(entry, "w", force_zip64=True) as out:
                shutil.copyfileobj(file, out, 1 << 20)


def _take_over(archive: zipfile.ZipFile, old: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Copy an `entry` of an `old` archive to another one as it is; zipfile would compress it anew.

    Source: APPNOTE.TXT of ZIP, 4.3.7 (the local header ends with a name and an extra field).
    """
    source, target = cast("IO[bytes]", old.fp), cast("IO[bytes]", archive.fp)  # both are open
    source.seek(entry.header_offset)
    header = source.read(_HEADER.size)
    name, extra = _HEADER.unpack(header)
    target.seek(archive.start_dir)
    copied = copy(entry)
    copied.header_offset = target.tell()
    target.write(header + source.read(name + extra + entry.compress_size))
    archive.start_dir = target.tell()
    archive.filelist.append(copied)
    archive.NameToInfo[copied.filename] = copied


def _write_parquet(target: Path, folder: Path, files: _Files, _: Path | None) -> None:
    listed = ", ".join(literal(folder / path) for path, _ in files)
    with duckdb.connect(config={"threads": 1}) as con:  # more write other groups of rows each time
        con.execute(
            "COPY (SELECT regexp_extract(filename, 'datasets/([^/]+/[^/]+)/[^/]+$', 1) AS dataset,"
            " * EXCLUDE (filename)"
            f" FROM read_parquet([{listed}], union_by_name = true, filename = true))"
            f" TO {literal(target)} (FORMAT parquet, COMPRESSION zstd)"
        )
