"""What a release changed besides figures, and the semantic version that follows from it.

Consumers read it as they read that of a library (https://semver.org): after a major change a script
may break or mislead, after a minor one there is more, after a patch figures differ.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.declarations.dataset import PROVENANCE, Dataset
from model.records.release import Changes, Release, StructureChange, StructureKind
from model.util.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb

FIRST = "1.0.0"


def structure_changes(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, new: Path, before: Release, old: Path
) -> tuple[StructureChange, ...]:
    """Return which columns and codes came, went, or mean something else than before.

    `new` is the data of a `dataset`, `old` that of the release `before`; both are Parquet files
    that `con` reads.
    """
    columns = {path: _columns(con, path) for path in (new, old)}
    found = _compared("column", columns[new], columns[old])
    coded = [name for name in dataset.key if name in columns[new] and name in columns[old]]
    codes = {path: _codes(con, path, coded) for path in (new, old)}
    for name in coded:
        found += _compared(name, codes[new][name], codes[old][name])
    both = sorted(codes[new]["indicator"] & codes[old]["indicator"])
    units = {path: codes[path]["_units"] for path in (new, old)}
    other: dict[StructureKind, list[str]] = {
        "unit": [code for code in both if units[new][code] != units[old][code]],
        "definition": [code for code in both if _redefined(dataset, before, code)],
    }
    return tuple(found + [
        StructureChange(change=change, column="indicator", codes=tuple(indicators))
        for change, indicators in other.items() if indicators
    ])


def next_version(
    before: Release | None, structure: tuple[StructureChange, ...], changes: Changes, same_key: bool
) -> str:
    """Return the version of the release that follows `before`, by what it changed.

    Major: a column, code or period was withdrawn, or an indicator's unit or definition, the borders
    of areas, or the key of observations is another. Minor: something was added. Patch: the rest.

    Args:
        before: the release before; None for the first one.
        structure: what changed besides figures.
        changes: how many figures changed.
        same_key: whether observations are identified by the same columns.
    """
    if before is None:
        return FIRST
    major, minor, patch = map(int, before.semantic_version.split("."))
    if not same_key or any(item.change != "added" for item in structure):
        return f"{major + 1}.0.0"
    if changes.added or structure:
        return f"{major}.{minor + 1}.0"
    return f"{major}.{minor}.{patch + 1}"


def _columns(con: duckdb.DuckDBPyConnection, data: Path) -> set[str]:
    found = con.execute(f"SELECT * FROM read_parquet({literal(data)}) LIMIT 0").description
    return {column[0] for column in found} - set(PROVENANCE)


def _codes(con: duckdb.DuckDBPyConnection, data: Path, columns: list[str]) -> dict[str, Any]:
    """Return the codes in each of the `columns`; `_units` has the units of each indicator."""
    lists = ", ".join(f"list(DISTINCT {identifier(name)})" for name in columns)
    units = "list(DISTINCT {'indicator': indicator, 'unit': unit_measure})"
    row = con.execute(f"SELECT {lists}, {units} FROM read_parquet({literal(data)})").fetchone()
    *codes, pairs = row or ()
    by_indicator: dict[str, set[str]] = {}
    for pair in pairs or ():
        by_indicator.setdefault(pair["indicator"], set()).add(pair["unit"])
    return {
        **{name: set(found or ()) for name, found in zip(columns, codes, strict=True)},
        "_units": by_indicator,
    }


def _compared(column: str, new: set[str], old: set[str]) -> list[StructureChange]:
    """Return which codes of a `column` only one of two releases has."""
    one_sided: dict[StructureKind, set[str]] = {"withdrawn": old - new, "added": new - old}
    return [
        StructureChange(change=change, column=column, codes=tuple(sorted(codes)))
        for change, codes in one_sided.items() if codes
    ]


def _redefined(dataset: Dataset, before: Release, code: str) -> bool:
    """Whether the definition of an indicator is another; to give one at last changes no meaning."""
    now = dataset.indicators[code].definition if code in dataset.indicators else None
    then = before.declaration["indicators"].get(code, {}).get("definition")
    return bool(now and then) and now.model_dump(mode="json") != then  # type: ignore[union-attr]
