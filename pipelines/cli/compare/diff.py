"""`openindicators diff`: what differs between two releases, or a release and a file.

A file of the source is read by the dataset's declaration, in the place of the part of the last
snapshot that has its name; a Parquet file with the dataset's columns is taken as it is.
"""

import csv
import sys
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any

import duckdb
import pyarrow.parquet as pq
import typer
from rich.markup import escape

from expectations.disclosure_control.small_cells import suppress
from model.errors import OpenIndicatorsError
from pipelines.catalogue import load_catalogue
from pipelines.cli.terminal import (
    AsJson,
    DatasetName,
    Profile,
    Right,
    number,
    out,
    print_json,
    table,
)
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.validate import parent_areas
from sources.base import SourceFile
from sources.connectors.registry import options_of
from warehouse.cleaning.clean import Cleaning, clean
from warehouse.differences import (
    REPRESENTATION,
    ChangeCounts,
    PartChange,
    TableDifferences,
    compare_tables,
)
from warehouse.engine import connect
from warehouse.release_changes import same_key
from warehouse.store import releases, snapshots
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease

_READABLE = "_file_rows"


@dataclass(frozen=True)
class DatasetVersion:
    """A table to compare: its name in words, and a Parquet file or a relation."""

    name: str
    table: Path | str


def _versions_to_compare(
    con: duckdb.DuckDBPyConnection, bound: BoundDataset, data_dir: DataDir, first: str | None,
    second: str | None,
) -> tuple[DatasetVersion, DatasetVersion]:
    """Return the older and the newer of the two tables to compare of a `bound` dataset.

    `first` and `second` are each a release's number in `data_dir`, a day or a moment; or a file,
    which is the newer table. None: the current release; without both, it and the one before. `con`
    gets a relation with the rows of a file.

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
    stored = _named_release(bound, data_dir, history, word)
    if not same_key(bound.dataset, stored.release):
        raise OpenIndicatorsError(
            f"release {stored.release.number} has other dimensions than the declaration: its"
            " observations have no counterparts", where=bound.dataset.id,
            todo="compare releases made since the dimensions changed",
        )
    name = f"release {stored.release.number} ({stored.release.issued:%Y-%m-%d})"
    return DatasetVersion(name, stored.path("data.parquet"))


def _named_release(
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
        Cleaning(
            bound.dataset, bound.source, options.columns, bound.registries,
            bound.declaration.sql.get(bound.profile), retrieved=datetime.now(UTC).date(),
        ),
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


MOST_PARTS = 10  # codes of a column in the summary


def diff(
    dataset: DatasetName,
    first: Annotated[
        str | None,
        typer.Argument(metavar="[A]", help="release or day (default: the one before), or a file"),
    ] = None,
    second: Annotated[
        str | None,
        typer.Argument(metavar="[B]", help="release, day, or a file of the source (default: now)"),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="observations listed; 0: all")] = 20,
    as_csv: Annotated[bool, typer.Option("--csv", help="print the observations as CSV")] = False,
    as_json: AsJson = False, profile: Profile = None,
) -> int:
    """Print how two versions of a dataset differ: a summary, then the observations.

    Raises:
        OpenIndicatorsError: no such dataset, release or file.
    """
    settings = Settings.from_environment(profile)
    bound = load_catalogue(settings).one(settings.profile, dataset)
    with connect(settings.data_dir.root / "tmp") as con:
        old, new = _versions_to_compare(con, bound, settings.data_dir, first, second)
        found = compare_tables(
            con, bound.dataset.key, bound.dataset.columns, new.table, old.table, limit or None
        )
    if as_json:
        print_json(_document(bound.dataset.id, old, new, found))
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(_columns(bound))
        writer.writerows([row[name] for name in _columns(bound)] for row in found.rows)
    else:
        _print(bound, old, new, found)
    return 0


def _columns(bound: BoundDataset) -> tuple[str, ...]:
    return ("change", *bound.dataset.key, "old_value", "new_value", "old_status", "new_status",
            "unit_measure")


def _document(
    dataset: str, old: DatasetVersion, new: DatasetVersion, found: TableDifferences
) -> dict[str, Any]:
    return {
        "dataset": dataset, "old": old.name, "new": new.name, "total": asdict(found.total),
        "by": [asdict(part) for part in found.parts], "changes": list(found.rows),
    }


def _print(
    bound: BoundDataset, old: DatasetVersion, new: DatasetVersion, found: TableDifferences
) -> None:
    out.print(f"{bound.dataset.id}: {escape(old.name)} → {escape(new.name)}")
    total = found.total
    if not (total.added or total.revised or total.withdrawn):
        out.print(f"[green]No difference[/] in {number(total.common)} observations.")
        return
    out.print(sentence(total))
    for column in dict.fromkeys(part.column for part in found.parts):
        _print_parts(bound, column, [part for part in found.parts if part.column == column])
    out.print()
    table(
        [Right(name) if name.endswith("_value") else name for name in _columns(bound)],
        [[_cell(row[name]) for name in _columns(bound)] for row in found.rows],
    )
    more = total.added + total.revised + total.withdrawn - len(found.rows)
    if more:
        out.print(f"… and {number(more)} more: --limit 0 lists all, --csv and --json for programs")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.15g}" if isinstance(value, float) else escape(str(value))


def _print_parts(bound: BoundDataset, column: str, parts: list[PartChange]) -> None:
    out.print()
    table(
        [column, Right("added"), Right("revised"), Right("of"), Right("withdrawn"), "by"],
        [
            [escape(_named(bound, part)), number(part.counts.added), number(part.counts.revised),
             number(part.counts.common), number(part.counts.withdrawn), by_factor(part.counts)]
            for part in parts[:MOST_PARTS]
        ],
    )
    if len(parts) > MOST_PARTS:
        out.print(f"… and {len(parts) - MOST_PARTS} more")


def _named(bound: BoundDataset, part: PartChange) -> str:
    dataset = bound.dataset
    if part.column == "indicator" and part.code in dataset.indicators:
        return f"{dataset.indicators[part.code].name.get('vi')} ({part.code})"
    if part.column == "ref_area":
        entries = bound.registries.codelists[dataset.geography.codelist].entries
        for entry in entries:
            if entry.code == part.code:
                return f"{entry.name.get('vi')} ({part.code})"
    return part.code


def sentence(counts: ChangeCounts) -> str:
    """Return counts in one sentence, e.g. "288 of 288 revised, all ×1000"."""
    said = [f"{counts.revised} of {counts.common} revised"]
    if factor := by_factor(counts):
        said[0] += f" ({factor})"
    if counts.added:
        said.append(f"{counts.added} added")
    if counts.withdrawn:
        said.append(f"{counts.withdrawn} withdrawn")
    return ", ".join(said)


def by_factor(counts: ChangeCounts) -> str:
    """Return by which factor values were revised, and what was revised besides values."""
    said = []
    if counts.factor is not None:
        same = counts.at_factor
        who = "all" if same == counts.moved else f"{same} of {counts.moved}"
        typical = f"{who} {factor_text(counts.factor)}"
        said.append(typical if same * 2 > counts.moved
                    else f"typically {factor_text(counts.factor)}")
    if counts.representation:
        said.append(f"representation: {counts.representation}, by less than {REPRESENTATION:.0e}")
    if counts.other_columns:
        said.append(f"status, note or unit only: {counts.other_columns}")
    return "; ".join(said)


def factor_text(factor: float) -> str:
    """Return a factor as people write it: ×1000, ÷1000, ×1.05."""
    if 0 < abs(factor) < 1 and abs(1 / factor - round(1 / factor)) < REPRESENTATION / abs(factor):
        return f"÷{round(1 / factor)}"
    return f"×{factor:.6g}" if abs(factor) < 1e6 else f"×{factor:.0f}"
