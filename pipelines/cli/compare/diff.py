"""`openindicators diff`: what differs between two releases, or a release and a file."""

import csv
import sys
from dataclasses import asdict
from typing import Any

from rich.markup import escape

from pipelines.catalogue import load_catalogue
from pipelines.cli.compare.versions import DatasetVersion, versions_to_compare
from pipelines.cli.terminal import Right, number, out, print_json, table
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset
from warehouse.differences import (
    REPRESENTATION,
    ChangeCounts,
    PartChange,
    TableDifferences,
    compare_tables,
)
from warehouse.engine import connect

PARTS_SHOWN = 10  # codes of a column in the summary


def diff(
    wanted: str, first: str | None, second: str | None, limit: int, as_csv: bool, as_json: bool,
    profile: str | None,
) -> int:
    """Print how two versions of a dataset differ: a summary, then the observations.

    Raises:
        OpenIndicatorsError: no such dataset, release or file.
    """
    settings = Settings.from_environment(profile)
    bound = load_catalogue(settings).one(settings.profile, wanted)
    dataset = bound.dataset
    with connect(settings.data_dir.root / "tmp") as con:
        old, new = versions_to_compare(con, bound, settings.data_dir, first, second)
        found = compare_tables(
            con, dataset.key, dataset.columns, new.table, old.table, limit or None
        )
    if as_json:
        print_json(_document(dataset.id, old, new, found))
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
            for part in parts[:PARTS_SHOWN]
        ],
    )
    if len(parts) > PARTS_SHOWN:
        out.print(f"… and {len(parts) - PARTS_SHOWN} more")


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
