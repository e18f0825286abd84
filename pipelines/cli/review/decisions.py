"""Review by people: `drafts`, `approve`, `reject`, `rollback`, `withdraw`, and `accept`.

A decision is recorded first, then published. Where a portal cannot be reached the decision stands,
and `openindicators publish` publishes it later. `accept` releases a snapshot although it fails a
check on the whole table.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

import typer
from rich.markup import escape

from expectations.runner.acceptance import may_be_accepted
from model.errors import BusyError, OpenIndicatorsError
from model.records.release_blockers import finding
from model.records.validation import CheckResult
from model.records.validation_log import CheckAcceptance
from model.util.languages import default_language
from model.util.text import did_you_mean
from pipelines.after_run.follow_up import follow_up
from pipelines.catalogue import Catalogue, load_catalogue
from pipelines.cli.terminal import (
    AsJson,
    By,
    DatasetName,
    Draft,
    Profile,
    Right,
    decider,
    err,
    number,
    out,
    plain,
    plain_text,
    print_json,
    table,
)
from pipelines.connections import open_portals
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.publish import publish, publish_left_behind, show_draft
from pipelines.steps.validate import validate_table
from portal.site_folder.addresses import dataset_page
from warehouse.store import acceptances, decisions, drafts, releases
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease

COUNTS = ("rows", "new", "revised", "withdrawn", "quarantined")


def list_drafts(profile: Profile = None, as_json: AsJson = False) -> int:
    """Print the drafts that wait for approval."""
    settings = Settings.from_environment(profile)
    rows = [
        _described(settings, dataset, draft)
        for dataset in drafts.datasets(settings.data_dir)
        if (draft := drafts.waiting(settings.data_dir, dataset)) is not None
    ]
    if as_json:
        print_json(rows)
        return 0
    if not rows:
        out.print("No draft waits for approval.")
        return 0
    table(
        ["dataset", "draft", Right("release"), "made",
         "reason", Right("rows"), Right("new"), Right("revised"),
         Right("withdrawn"), Right("quarantined")],
        [
            [row["dataset"], row["draft"], row["release"], row["made"], row["reason"],
             *(number(row[name]) for name in COUNTS)]
            for row in rows
        ],
    )
    out.print()
    for row in rows:
        out.print(f"Look    {row['page']}")
    out.print("Decide  `openindicators approve DATASET` or `openindicators reject DATASET"
              " --reason …`; `openindicators serve --preview` shows the pages")
    return 0


def _described(settings: Settings, dataset: str, draft: StoredRelease) -> dict[str, Any]:
    release = draft.release
    return {
        "dataset": dataset,
        "draft": draft.folder.name,
        "release": release.number,
        "made": release.issued.isoformat(),
        "reason": release.reason,
        "rows": release.rows,
        "new": release.changes.added,
        "revised": release.changes.revised,
        "withdrawn": release.changes.withdrawn,
        "quarantined": release.quarantined,
        "page": str(settings.data_dir.preview / dataset_page(dataset, default_language())),
    }


def approve(
    dataset: DatasetName, draft: Draft = None, by: By = None, profile: Profile = None
) -> int:
    """Make the draft that waits the public release."""

    def decide(settings: Settings, dataset: str, name: str) -> str:
        stored = drafts.approve(settings.data_dir, dataset, draft, name, settings.now())
        return f"approved by {name}: release {stored.release.number} is public"

    return _decide(dataset, by, profile, decide)


def reject(
    dataset: DatasetName, reason: Annotated[str, typer.Option(metavar="TEXT", help="why")],
    draft: Draft = None, by: By = None, profile: Profile = None,
) -> int:
    """Reject the draft that waits; what is public stays as it is."""
    why = plain_text("--reason", reason)

    def decide(settings: Settings, dataset: str, name: str) -> str:
        drafts.reject(settings.data_dir, dataset, draft, name, why, settings.now())
        return f"rejected by {name}; the same inputs will not be proposed again"

    return _decide(dataset, by, profile, decide)


def rollback(
    dataset: DatasetName,
    to: Annotated[int, typer.Option(metavar="RELEASE", help="the earlier release")],
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="why; the portal shows it")
    ] = None,
    by: By = None, profile: Profile = None,
) -> int:
    """Make a release with the content of an earlier one."""
    why = plain_text("--reason", reason) if reason is not None else None

    def decide(settings: Settings, dataset: str, name: str) -> str:
        stored = decisions.rollback(settings.data_dir, dataset, to, name, why, settings.now())
        return f"release {stored.release.number} has the content of release {to}"

    return _decide(dataset, by, profile, decide)


def withdraw(
    dataset: DatasetName,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="why; the portal shows it")],
    successor: Annotated[
        str | None, typer.Option(metavar="DATASET", help="the dataset that takes its place")
    ] = None,
    by: By = None, profile: Profile = None,
) -> int:
    """Withdraw a dataset for good: a page that says so takes its place."""
    why = plain_text("--reason", reason)

    def decide(settings: Settings, dataset: str, name: str) -> str:
        heir = _successor(settings, successor, dataset) if successor else None
        stored = decisions.withdraw(settings.data_dir, dataset, name, why, heir, settings.now())
        return f"withdrawn by release {stored.release.number}: its downloads are gone"

    return _decide(dataset, by, profile, decide)


def _decide(
    wanted: str, by: str | None, profile: str | None,
    decide: Callable[[Settings, str, str], str]
) -> int:
    """Record a decision and bring the portals to it; returns the exit code.

    Raises:
        OpenIndicatorsError: the decision cannot be taken. Nothing is decided; what a command that
            was killed had decided, as it may be the same, is published.
    """
    settings = Settings.from_environment(profile)
    settings.data_dir.prepare()
    name = decider(by)
    with settings.data_dir.run_lock():
        catalogue = load_catalogue(settings)
        dataset = _dataset(settings, wanted)
        try:
            with settings.data_dir.dataset_lock(dataset):
                said = decide(settings, dataset, name)
        except OpenIndicatorsError as error:
            if not isinstance(error, BusyError):
                _publish_left_behind(settings, catalogue, dataset, error)
            raise
        out.print(f"[green]✓[/] {escape(dataset)}: {escape(said)}")
        code = _publish(settings, catalogue, dataset)
        follow_up(settings, catalogue)
        return code


def _publish_left_behind(
    settings: Settings, catalogue: Catalogue, dataset: str, error: OpenIndicatorsError
) -> None:
    """Publish what was decided about a dataset and not published; `error` is told in any case."""
    with suppress(OpenIndicatorsError):
        portals = open_portals(settings, catalogue.registries)
        publish_left_behind({dataset: str(error)}, settings.data_dir, portals)
        show_draft(dataset, settings.data_dir, catalogue.registries, portals)
        follow_up(settings, catalogue)


def _publish(settings: Settings, catalogue: Catalogue, dataset: str) -> int:
    code = 0
    for portal in open_portals(settings, catalogue.registries):
        try:
            published = publish(dataset, settings.data_dir, portal)
            show_draft(dataset, settings.data_dir, catalogue.registries, [portal])
        except OpenIndicatorsError as error:
            code = error.exit_code
            err.print(
                f"[red]✗[/] {portal.name}: the decision stands, but the portal was not brought"
                f" to it: {escape(plain(error))}\n  → then run `openindicators publish {dataset}"
                f" --to {portal.name}`"
            )
            continue
        if published is not None:
            out.print(f"  {portal.name}: {escape(published.url)}")
    return code


def _dataset(settings: Settings, wanted: str) -> str:
    """Return the dataset with a release or a draft that is meant."""
    known = {*releases.datasets(settings.data_dir), *drafts.datasets(settings.data_dir)}
    found = [dataset for dataset in sorted(known) if wanted in (dataset, dataset.split("/")[1])]
    if len(found) == 1:
        return found[0]
    if found:
        raise OpenIndicatorsError(
            f"{wanted!r} can be any of {', '.join(found)}", todo="write the sector before it"
        )
    raise OpenIndicatorsError(
        f"no dataset with a release or a draft is named {wanted!r}",
        todo=did_you_mean(wanted, known) or "`openindicators list` shows them all",
    )


def _successor(settings: Settings, wanted: str, dataset: str) -> str:
    successor = _dataset(settings, wanted)
    stored = releases.current(settings.data_dir, successor)
    if successor == dataset or stored is None or stored.release.reason == "withdrawal":
        raise OpenIndicatorsError(
            "a successor is another dataset that is public", where=successor,
            todo="publish it first, or leave --successor out",
        )
    return successor


def accept(
    dataset: DatasetName,
    check: Annotated[list[str], typer.Option(metavar="NAME", help="the check that blocks it")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="why it is right")],
    by: By = None, profile: Profile = None,
) -> int:
    """Record that checks do not block the release of the last snapshot.

    Raises:
        OpenIndicatorsError: no such dataset, or a check does not block it or cannot be accepted.
    """
    settings = Settings.from_environment(profile)
    why, name = plain_text("--reason", reason), decider(by)
    bound = load_catalogue(settings).one(settings.profile, dataset)
    dataset = bound.dataset.id
    with settings.data_dir.run_lock():
        snapshot = bound.last_snapshot(settings.data_dir).snapshot.sha256
        failed = _blocking(bound, settings.data_dir)
        for each in check:
            if each not in failed:
                raise OpenIndicatorsError(
                    f"no check {each!r} blocks the last snapshot, or it cannot be accepted",
                    where=dataset,
                    todo=(failed and did_you_mean(each, {*failed})) or _listed(failed),
                )
        with settings.data_dir.dataset_lock(dataset):
            for each in dict.fromkeys(check):
                found = finding(failed[each]).get("en")
                acceptances.add_check(settings.data_dir, CheckAcceptance(
                    dataset=dataset, check=each, snapshot_sha256=snapshot, found=found, by=name,
                    at=settings.now(), reason=why,
                ))
                said = f"{each} is accepted by {name} for this snapshot ({found})"
                out.print(f"[green]✓[/] {escape(dataset)}: {escape(said)}")
    out.print(f"`openindicators run {dataset}` releases it. The next snapshot is validated anew.")
    return 0


def _blocking(bound: BoundDataset, data_dir: DataDir) -> dict[str, CheckResult]:
    """Return the checks that block the last snapshot and that a person may accept."""
    acceptable = {item.name for item in bound.suite.expectations if may_be_accepted(item)}
    return {
        check.name: check for check in validate_table(bound, data_dir).quality.checks
        if check.outcome == "failed" and not check.error and check.name in acceptable
    }


def _listed(failed: dict[str, CheckResult]) -> str:
    if not failed:
        return "nothing that can be accepted blocks it"
    return f"these do: {', '.join(failed)}"
