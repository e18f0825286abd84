"""`openindicators run`."""

from collections import Counter
from typing import Annotated, Any

import typer
from rich.markup import escape

from model.declarations.questions import OpenQuestionsError
from model.errors import OpenIndicatorsError
from model.records.release_blockers import counted
from model.util.processes import divided
from model.util.text import did_you_mean
from pipelines.catalogue import Catalogue, load_catalogue
from pipelines.cli.live import live
from pipelines.cli.terminal import (
    AsJson,
    Profile,
    Right,
    Selection,
    err,
    exit_code,
    number,
    out,
    plain,
    print_json,
    say_error,
    table,
)
from pipelines.connections import open_portals
from pipelines.rounds import Outcome, run_datasets
from pipelines.settings import Settings
from pipelines.steps.progress import RECORDS
from pipelines.steps.publish import publish
from pipelines.submissions.transport import waits
from portal.base import Portal
from warehouse.store import drafts, releases, validation_log

PROJECT_COMMANDS = "`make serve` shows the site, `make ui` shows Dagster's history of this run"


def run(
    selection: Selection = None, profile: Profile = None,
    to: Annotated[
        list[str] | None, typer.Option(metavar="PORTAL", help="publish only to this portal")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Run datasets and say how it went; returns the exit code.

    Raises:
        OpenIndicatorsError: nothing could be run at all.
    """
    settings = Settings.from_environment(profile)
    settings.data_dir.prepare()
    with settings.data_dir.run_lock():
        catalogue = load_catalogue(settings)
        bound_datasets = catalogue.select(settings.profile, selection or [])
        if settings.files is not None and not settings.files.is_dir():
            raise OpenIndicatorsError(
                "the folder of the sources' files does not exist", where=str(settings.files),
                todo="check OPENINDICATORS_FILES",
            )
        waiting = [name for name, bound in bound_datasets.items()
                   if waits(name, bound.source, settings.data_dir)]
        for name in waiting:
            del bound_datasets[name]
        portals = _choose(open_portals(settings, catalogue.registries), to or [])
        invalid = [
            error for error in catalogue.errors if not selection or _concerns(error, selection)
        ]
        for error in invalid:
            say_error(error)
        with live(len(bound_datasets), quiet=as_json) as reporter:
            outcome = run_datasets(settings, catalogue, bound_datasets, portals, reporter)
        if not selection:
            _keep_tombstones(settings, catalogue, portals)
    rows = _rows(settings, outcome)
    if as_json:
        print_json(rows)
    else:
        _show(settings, rows, outcome, invalid)
        for name in waiting:
            out.print(f"[yellow]No data yet[/] {name}: waits for its first submission"
                      f" (`openindicators template {name}`)")
    return exit_code([*invalid, *(error for _, error in outcome.failures.values())])


def _concerns(error: OpenIndicatorsError, selection: list[str]) -> bool:
    """Whether a dataset that is not ready belongs to a sector that was asked for."""
    return isinstance(error, OpenQuestionsError) and not {
        error.dataset_id, *error.dataset_id.split("/")
    }.isdisjoint(selection)


def _keep_tombstones(settings: Settings, catalogue: Catalogue, portals: tuple[Portal, ...]) -> None:
    """Keep the pages of withdrawn datasets, which are declared no longer, like the others."""
    for dataset in releases.datasets(settings.data_dir):
        if dataset in catalogue.declarations:
            continue
        stored = releases.current(settings.data_dir, dataset)
        if stored is not None and stored.release.reason == "withdrawal":
            for portal in portals:
                publish(dataset, settings.data_dir, portal)


def _choose(portals: tuple[Portal, ...], to: list[str]) -> tuple[Portal, ...]:
    names = {portal.name for portal in portals}
    for name in to:
        if name not in names:
            raise OpenIndicatorsError(
                f"no portal is named {name!r}", todo=did_you_mean(name, names)
            )
    return tuple(portal for portal in portals if not to or portal.name in to)


def _rows(settings: Settings, outcome: Outcome) -> list[dict[str, Any]]:
    """Return what is said of each dataset; a damaged record becomes a failure of the `outcome`."""

    def read(dataset_id: str) -> dict[str, Any] | OpenIndicatorsError:
        try:
            return _row(settings, dataset_id, outcome)
        except OpenIndicatorsError as damage:
            return damage

    rows = []
    found = divided(read, outcome.datasets, settings.workers)
    for dataset_id, row in zip(outcome.datasets, found, strict=True):
        if isinstance(row, OpenIndicatorsError):
            stage, error = outcome.failures.setdefault(dataset_id, (RECORDS, row))
            rows.append({
                "dataset": dataset_id, "release": None, "draft": None, "changed": False,
                "error": plain(error), "stage": stage,
            })
        else:
            rows.append(row)
    return rows


def _row(settings: Settings, dataset_id: str, outcome: Outcome) -> dict[str, Any]:
    changed = dataset_id in outcome.changed
    row: dict[str, Any] = {"dataset": dataset_id, "release": None, "changed": changed}
    draft = drafts.waiting(settings.data_dir, dataset_id)
    row["draft"] = draft.release.number if draft else None
    stored = releases.current(settings.data_dir, dataset_id)
    if stored is not None:
        release, quality = stored.release, stored.quality
        row |= {
            "release": release.number,
            "rows": release.rows,
            "new": release.changes.added,
            "revised": release.changes.revised,
            "withdrawn": release.changes.withdrawn,
            "passed": quality.count("passed"),
            "warned": quality.count("warned"),
            "failed": quality.count("failed"),
            "quarantined": release.quarantined,
            "warnings": [check.name for check in quality.checks if check.outcome == "warned"],
        }
        schema = stored.source_schema
        drift = schema.drift if changed and schema else ()
        row["drift"] = [item.what.get("en") for item in drift]
        unread = schema.unread if schema else ()
        row["unread"] = [item.what.get("en") for item in unread if item.warns]
    if dataset_id in outcome.failures:
        stage, error = outcome.failures[dataset_id]
        row |= {"error": plain(error), "stage": stage, **_last_validation(settings, dataset_id)}
    return row


def _last_validation(settings: Settings, dataset_id: str) -> dict[str, Any]:
    """Return the counts of a dataset's newest validation run: of the table that failed."""
    history = validation_log.log(settings.data_dir, dataset_id)
    if not history:
        return {}
    found = Counter(item.outcome for item in history[-1].open)
    return {
        "rows": history[-1].rows_read, "new": 0, "revised": 0, "withdrawn": 0,
        "passed": len(history[-1].passed), "warned": found["warned"], "failed": found["failed"],
        "quarantined": history[-1].rows_quarantined,
        "warnings": [item.name for item in history[-1].open if item.outcome == "warned"],
    }


def _show(
    settings: Settings, rows: list[dict[str, Any]], outcome: Outcome,
    invalid: list[OpenIndicatorsError],
) -> None:
    columns = [
        "", "dataset", Right("rows"), Right("new"), Right("revised"), Right("withdrawn"),
        Right("passed"), Right("warned"), Right("failed"), Right("quarantined"), Right("release"),
    ]
    table(columns, [_cells(row) for row in rows])
    out.print()
    if not outcome.changed and not outcome.failures and not invalid:
        out.print("[green]Nothing has changed[/]: no release, no publication, nothing rewritten.")
    elif outcome.changed:
        out.print(
            f"{len(outcome.changed)} of {counted(len(rows), 'dataset')} with news."
            " “new”, “revised” and “withdrawn” compare a release with the one before it."
        )
    if outcome.failures:
        err.print(f"[bold red]{len(outcome.failures)} failed[/]; what was released before stays:")
        for dataset_id, (stage, error) in sorted(outcome.failures.items()):
            err.print(f"  [red]✗[/] {escape(dataset_id)} · {stage}: {escape(plain(error))}")
    for row in rows:
        if row.get("warnings"):
            out.print(f"[yellow]Warned[/] {row['dataset']}: {', '.join(row['warnings'])}")
    for row in rows:
        if row.get("drift"):
            changes = escape("; ".join(row["drift"]))
            out.print(f"[yellow]Shape[/]  {row['dataset']}: {changes}")
        if row.get("unread"):
            listed = escape("; ".join(row["unread"]))
            out.print(f"[yellow]Unread[/] {row['dataset']}: {listed}")
    _show_drafts([row["dataset"] for row in rows if row["draft"]])
    out.print(f"Site   {settings.data_dir.site / 'index.html'}")
    out.print(f"Next   {PROJECT_COMMANDS}")


def _show_drafts(waiting: list[str]) -> None:
    if waiting:
        out.print(f"[yellow]Waits for approval[/], not public before: {escape(', '.join(waiting))}")
        out.print(
            "Drafts `openindicators serve --preview` shows them; `openindicators approve DATASET`"
            " or `openindicators reject DATASET --reason …` decides"
        )


def _cells(row: dict[str, Any]) -> list[str]:
    failed = "error" in row
    mark = "[red]✗[/]" if failed else "[green]✓[/]" if row["changed"] else "[dim]=[/]"
    if "rows" not in row:
        return [mark, row["dataset"], *[""] * 8, "draft" if row["draft"] else "none"]
    counts = [
        number(row[name])
        for name in (
            "rows", "new", "revised", "withdrawn", "passed", "warned", "failed", "quarantined",
        )
    ]
    release = str(row["release"] or "none") + (" + draft" if row["draft"] else "")
    return [mark, row["dataset"], *counts, release]
