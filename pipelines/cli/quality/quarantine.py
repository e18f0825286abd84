"""`openindicators quarantine`: list the quarantined rows, accept some of them.

A row is accepted by its content, for the checks that it breaks, with a reason that is kept. What
is wrong in the source is fixed by a correction in the declaration; nobody edits data by hand.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from expectations.runner.acceptance import broken_checks, refused
from model.errors import DeclarationError, OpenIndicatorsError, QualityError, SourceError
from model.records.reject_reasons import in_words
from model.records.validation_log import Acceptance, row_sha256
from model.util.parquet import read_parquet
from pipelines.catalogue import load_catalogue
from pipelines.cli.terminal import (
    AsJson,
    By,
    DatasetName,
    Profile,
    Right,
    decider,
    out,
    plain_text,
    print_json,
    say_error,
    table,
)
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.validate import validate_table
from warehouse.store import acceptances, releases
from warehouse.store.data_dir import DataDir

ID_DIGITS = 12
POSITION = ("_part", "_row", "_column")


@dataclass(frozen=True)
class QuarantinedRow:
    """A quarantined row."""

    id: str  # the first digits of its content's checksum
    position: dict[str, Any]  # part, row and column in the snapshot
    values: dict[str, Any]  # as they were read
    original: Any  # what the source said, where it could not be read
    reasons: tuple[str, ...]


def quarantine(
    dataset: DatasetName, profile: Profile = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(metavar="ROW", help="release this row, as long as it stays so"),
    ] = None,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="why it is right after all")
    ] = None,
    by: By = None, as_json: AsJson = False,
) -> int:
    """List the quarantined rows, or accept some of them.

    Raises:
        OpenIndicatorsError: no such dataset or row, or the row cannot be accepted.
    """
    settings = Settings.from_environment(profile)
    bound = load_catalogue(settings).one(settings.profile, dataset)
    if accept:
        return _accept(settings, bound, accept, reason, by)
    try:
        rows, error = _quarantined_rows(bound, settings.data_dir), None
    except (DeclarationError, QualityError, SourceError) as found:
        rows, error = _released_without(bound, settings.data_dir), found
    if error is not None:
        say_error(error)
    if as_json:
        print_json([_as_json(row) for row in rows])
    else:
        if error is not None:
            out.print("No table can be made of what the source serves now. Held back from the"
                      " last release:")
        _print(bound, rows)
    return error.exit_code if error is not None else 0


def _quarantined_rows(bound: BoundDataset, data_dir: DataDir) -> list[QuarantinedRow]:
    """Return the rows of the current table that validation quarantines."""
    return _rows(validate_table(bound, data_dir).quarantine, bound.dataset.columns)


def _released_without(bound: BoundDataset, data_dir: DataDir) -> list[QuarantinedRow]:
    """Return the rows quarantined from the current release."""
    current = releases.current(data_dir, bound.dataset.id)
    path = current.path("quarantine.parquet") if current else None
    return _rows(path, bound.dataset.columns) if path and path.exists() else []


def _rows(path: Path, columns: tuple[str, ...]) -> list[QuarantinedRow]:
    return [_quarantined_row(row, columns) for row in read_parquet(path).to_pylist()]


def _quarantined_row(row: dict[str, Any], columns: tuple[str, ...]) -> QuarantinedRow:
    values = {name: row.get(name) for name in columns}  # an old release may have fewer
    original = row["_original"]
    return QuarantinedRow(
        id=row_sha256(values)[:ID_DIGITS],
        position={name.removeprefix("_"): row[name] for name in POSITION},
        values=values,
        original=json.loads(original) if original else None,
        reasons=tuple(in_words(reason, {}).get("en") for reason in row["reasons"]),
    )


def _as_json(row: QuarantinedRow) -> dict[str, Any]:
    return {
        "row": row.id, "position": row.position, "values": row.values, "original": row.original,
        "reasons": list(row.reasons),
    }


def _print(bound: BoundDataset, rows: list[QuarantinedRow]) -> None:
    dataset = bound.dataset
    if not rows:
        out.print(f"No row of {dataset.id} is quarantined.")
        return
    key_and_value = (*dataset.key, "obs_value")
    table(
        ["row", "part", Right("line"), *key_and_value, "reasons"],
        [
            [row.id, escape(str(row.position["part"])), str(row.position["row"]),
             *("" if value is None else escape(str(value))
               for value in map(row.values.get, key_and_value)),
             escape("\n".join(row.reasons))]
            for row in rows
        ],
    )
    for row in rows:
        if row.original is not None:
            out.print(f"{row.id} is in the source: "
                      + escape(json.dumps(row.original, ensure_ascii=False)))
    out.print(
        f"\nRelease one that is right after all: `openindicators quarantine {dataset.id} --accept"
        " ROW --reason …`, then `openindicators run`.\nFix one that is wrong: a correction in"
        f" {bound.declaration.path}"
    )


def _accept(
    settings: Settings, bound: BoundDataset, wanted: list[str], reason: str | None, by: str | None
) -> int:
    if reason is None:
        raise OpenIndicatorsError("--accept needs a reason", todo="say it with --reason TEXT")
    dataset = bound.dataset
    why, name = plain_text("--reason", reason), decider(by)
    with settings.data_dir.run_lock():
        rows = _quarantined_rows(bound, settings.data_dir)
        chosen = [row for word in wanted for row in _find(rows, word, dataset.id)]
        accepted = []
        for row in chosen:
            checks = broken_checks(row.reasons)
            _check_acceptable(row, checks, bound)
            accepted.append(Acceptance(
                dataset=dataset.id, row_sha256=row_sha256(row.values), row=row.values,
                checks=checks, by=name, at=settings.now(), reason=why,
            ))
        with settings.data_dir.dataset_lock(dataset.id):
            acceptances.add(settings.data_dir, dataset.id, accepted)
    for item in accepted:
        out.print(f"[green]✓[/] {item.row_sha256[:ID_DIGITS]} is accepted by {escape(name)}")
    out.print(f"`openindicators run {dataset.id}` releases what was accepted.")
    return 0


def _find(rows: list[QuarantinedRow], wanted: str, dataset: str) -> list[QuarantinedRow]:
    """Return the row that is meant; rows with the very same content are one."""
    found = [row for row in rows if len(wanted) >= 4 and row.id.startswith(wanted)]
    contents = {row.id for row in found}
    if len(contents) != 1:
        what = "can be any of several rows" if contents else "is not a quarantined row"
        raise OpenIndicatorsError(
            f"{wanted!r} {what}", where=dataset,
            todo=f"`openindicators quarantine {dataset}` lists them",
        )
    return found[:1]


def _check_acceptable(row: QuarantinedRow, checks: tuple[str, ...], bound: BoundDataset) -> None:
    known = {item.name for item in bound.suite.expectations}
    never = refused(checks, bound.suite)
    unread = [reason for reason, check in zip(row.reasons, checks, strict=True)
              if check not in known]
    if never or unread:
        raise OpenIndicatorsError(
            f"row {row.id} cannot be accepted: {', '.join(never) or unread[0]}",
            where=bound.dataset.id,
            todo=f"fix it with a correction, or the way it is read, in"
            f" {bound.declaration.path}",
        )
