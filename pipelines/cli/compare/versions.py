"""The two tables that `openindicators diff` compares: releases, or a file read as declared.

A file of the source is read by the dataset's declaration, in the place of the part of the last
snapshot that has its name; a Parquet file with the dataset's columns is taken as it is.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from expectations.disclosure_control.small_cells import suppress
from model.errors import OpenIndicatorsError
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.validate import parent_areas
from sources.base import SourceFile
from sources.connectors.registry import options_of
from warehouse.cleaning.clean import clean
from warehouse.store import releases, snapshots
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease

_READABLE = "_file_rows"


@dataclass(frozen=True)
class DatasetVersion:
    """A table to compare: its name in words, and a Parquet file or a relation."""

    name: str
    table: Path | str


def versions_to_compare(
    con: duckdb.DuckDBPyConnection, bound: BoundDataset, data_dir: DataDir, first: str | None,
    second: str | None,
) -> tuple[DatasetVersion, DatasetVersion]:
    """Return the older and the newer of the two tables to compare.

    Args:
        con: gets a relation with the rows of a file.
        bound: the dataset.
        data_dir: holds its releases.
        first: a release's number, a day or a moment; or a file, which is the newer table then.
        second: the same. None: the current release; without both, it and the one before.

    Raises:
        OpenIndicatorsError: there is no such release or file, or its columns are others.
    """
    history = releases.history(data_dir, bound.dataset.id)
    if not history:
        raise OpenIndicatorsError(
            "there is no release yet", where=bound.dataset.id,
            todo=f"run `openindicators run {bound.dataset.id}`",
        )
    if first is not None and second is None and Path(first).is_file():
        first, second = str(history[-1].release.number), first
    if first is None:
        if len(history) == 1:
            raise OpenIndicatorsError(
                "there is only one release", where=bound.dataset.id,
                todo=f"compare it with a file: `openindicators diff {bound.dataset.id} FILE`",
            )
        first = str(history[-2].release.number)
    old = _release(bound, data_dir, history, first)
    if second is not None and Path(second).is_file():
        return old, _file(con, bound, data_dir, Path(second))
    return old, _release(bound, data_dir, history, second or str(history[-1].release.number))


def _release(
    bound: BoundDataset, data_dir: DataDir, history: list[StoredRelease], word: str
) -> DatasetVersion:
    stored = _named(bound, data_dir, history, word)
    if not releases.same_key(bound.dataset, stored.release):
        raise OpenIndicatorsError(
            f"release {stored.release.number} has other dimensions than the declaration: its"
            " observations have no counterparts", where=bound.dataset.id,
            todo="compare releases made since the dimensions changed",
        )
    name = f"release {stored.release.number} ({stored.release.issued:%Y-%m-%d})"
    return DatasetVersion(name, stored.path("data.parquet"))


def _named(
    bound: BoundDataset, data_dir: DataDir, history: list[StoredRelease], word: str
) -> StoredRelease:
    numbers = f"its releases are 1 to {history[-1].release.number}"
    if word.isdigit():
        for stored in history:
            if stored.release.number == int(word):
                return stored
        raise OpenIndicatorsError(
            f"there is no release {word}", where=bound.dataset.id, todo=numbers
        )
    moment = _moment(word)
    if moment is None:
        raise OpenIndicatorsError(
            f"{word!r} is no release, no day, and no file", where=bound.dataset.id,
            todo=f"{numbers}; a day is written 2026-01-31, a moment 2026-01-31T10:00 (UTC)",
        )
    found = releases.as_of(data_dir, bound.dataset.id, moment)
    if found is None:
        raise OpenIndicatorsError(
            f"there was no release on {word}", where=bound.dataset.id,
            todo=f"the first was made on {history[0].release.issued:%Y-%m-%d}",
        )
    return found


def _moment(word: str) -> datetime | None:
    """Return the moment that a person wrote; a day means its end."""
    try:
        if len(word) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(word), time.max, UTC)
        moment = datetime.fromisoformat(word)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _file(
    con: duckdb.DuckDBPyConnection, bound: BoundDataset, data_dir: DataDir, path: Path
) -> DatasetVersion:
    if path.suffix == ".parquet" and set(bound.dataset.columns) <= set(pq.read_schema(path).names):
        return DatasetVersion(str(path), path.resolve())
    options = options_of(bound.source)
    clean(
        con, bound.protocol.read(_parts(bound, data_dir, path), options),
        bound.dataset, bound.source, options.columns, bound.registries,
        bound.declaration.sql.get(bound.profile), retrieved=datetime.now(UTC).date(),
    )
    suppress(con, "observation", bound.dataset, parent_areas(bound))
    con.execute(f"CREATE TEMP VIEW {_READABLE} AS SELECT * FROM observation WHERE _reject IS NULL")
    return DatasetVersion(str(path), _READABLE)


def _parts(bound: BoundDataset, data_dir: DataDir, path: Path) -> list[SourceFile]:
    """Return the parts of the last snapshot, one of them replaced by a file."""
    stored = bound.last_snapshot(data_dir)
    snapshots.verify(stored)
    parts = [SourceFile.of(part, stored.part_path(part)) for part in stored.snapshot.parts]
    names = [part.name for part in parts]
    if len(parts) > 1 and path.name not in names:
        raise OpenIndicatorsError(
            f"the source has {len(parts)} files, and none is named {path.name}",
            where=bound.dataset.id, todo=f"give the file one of the names {', '.join(names[:5])}",
        )
    replaced = path.name if len(parts) > 1 else names[0]
    return [replace(part, path=path.resolve()) if part.name == replaced else part for part in parts]
