"""`openindicators quality`: scores, failed checks and the rows that fail them."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urljoin

import httpx
import typer
from rich.markup import escape

from model.errors import DeclarationError, OpenIndicatorsError, QualityError, SourceError
from model.records.quality_dimension import QUALITY_DIMENSIONS, points_text
from model.records.release_blockers import counted, finding, sentences
from model.records.scorecard import CheckHistory, Freshness, GroupScore, QualityReport, Scorecard
from model.records.validation import CheckResult, Outcome
from model.records.validation_log import ValidationRun
from model.util.disk import write_if_changed
from model.util.languages import default_language
from model.util.text import did_you_mean
from pipelines.catalogue import load_catalogue
from pipelines.cli.quality.export_suite import export_suite
from pipelines.cli.terminal import AsJson, Profile, Right, out, print_json, table
from pipelines.quality.report import groups, quality_report
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.rerun_checks import Rerun, rerun
from portal.metadata.mqa import Reach
from portal.quality.formats import junit, prometheus
from warehouse.store import validation_log

REACH_SECONDS = 10
_MARKS = {
    "passed": "[green]·[/]", "warned": "[yellow]![/]", "failed": "[red]✗[/]", "not_evaluated": " ",
    None: " ",
}
STRIP = 40  # validation runs that a strip shows
_SHORT = {
    "completeness": "compl", "validity": "valid", "uniqueness": "uniq", "consistency": "consist",
    "timeliness": "timely", "metadata": "meta",
}


def quality(
    wanted: Annotated[
        str | None, typer.Argument(metavar="[DATASET|SECTOR]", help="nothing means all")
    ] = None,
    profile: Profile = None,
    check: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="run this check again (else: those failing)"),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="run every check again")] = False,
    rows: Annotated[int, typer.Option(min=1, help="failing rows shown of a check")] = 20,
    as_of: Annotated[str | None, typer.Option(metavar="DAY", help="how fresh on this day")] = None,
    reach: Annotated[
        str | None, typer.Option(metavar="URL", help="ask the site at this address for every file")
    ] = None,
    junit_to: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="write JUnit XML, for CI")
    ] = None,
    prometheus_to: Annotated[
        Path | None, typer.Option("--prometheus", metavar="FILE", help="write metrics as text")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="write one dataset's suite, for others")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Print the quality of all datasets, or of one with the rows that fail.

    Returns:
        5 where the newest table of a dataset could not be released, else 0.

    Raises:
        OpenIndicatorsError: no dataset has this name, or it was never validated.
    """
    if export is not None:
        return export_suite(wanted, profile, export)
    settings = Settings.from_environment(profile)
    day = _day(as_of) if as_of else settings.now().date()
    bound_datasets = load_catalogue(settings).select(settings.profile, [wanted] if wanted else [])
    reports = [
        quality_report(settings.data_dir, bound.dataset, day, _reach(reach) if reach else None)
        for bound in bound_datasets.values()
    ]
    _export(settings, reports, junit_to, prometheus_to)
    if len(bound_datasets) == 1 and wanted:
        [bound] = bound_datasets.values()
        _one(settings, bound, reports[0], check or [], every, rows, as_json)
    else:
        _all(reports, as_json)
    return 5 if any(report.latest and report.latest.blockers for report in reports) else 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise OpenIndicatorsError(
            f"--as-of: {text!r} is no day", todo="write it as 2026-11-24"
        ) from error


def _reach(base: str) -> Reach:
    """Return what says whether an address of the portal at `base` answers."""
    client = httpx.Client(timeout=REACH_SECONDS, follow_redirects=True)

    def reached(address: str) -> bool:
        try:
            return client.head(urljoin(base.rstrip("/") + "/", address)).is_success
        except httpx.HTTPError:
            return False

    return reached


def _export(
    settings: Settings, reports: Sequence[QualityReport], junit_to: Path | None,
    prometheus_to: Path | None,
) -> None:
    """Write the requested files atomically: a collector never reads half of one."""
    if junit_to is not None:
        validated = [
            (report, validation_log.record(settings.data_dir, report.latest))
            for report in reports if report.latest
        ]
        write_if_changed(junit_to.absolute(), junit(validated))
    if prometheus_to is not None:
        write_if_changed(prometheus_to.absolute(), prometheus(reports))


def _all(reports: Sequence[QualityReport], as_json: bool) -> None:
    sectors, city = groups(reports)
    if as_json:
        document = {
            "city": city.model_dump(mode="json") if city else None,
            "sectors": [sector.model_dump(mode="json") for sector in sectors],
            "datasets": [_summary(report) for report in reports],
        }
        print_json(document)
        return
    table(
        ["dataset", "grade", Right("total"),
         *(Right(_SHORT[name]) for name in QUALITY_DIMENSIONS),
         "fresh", "next due", Right("failed"), Right("warned")],
        [_row(report) for report in reports if report.latest],
    )
    unknown = sum(report.latest is None for report in reports)
    if unknown:
        out.print(f"{unknown} more were never validated: `openindicators run`")
    out.print()
    if city:
        table(
            ["sector", "grade", Right("total"), Right("datasets"),
             *(Right(_SHORT[name]) for name in QUALITY_DIMENSIONS)],
            [_group_row(item) for item in (*sectors, city)],
        )
    for report in reports:
        if report.latest and report.latest.blockers:
            _print_blockers(report.latest, f"[red]blocked[/] {report.dataset}: ")
    out.print("\n`openindicators quality DATASET` shows the rows behind a failed check.")


def _summary(report: QualityReport) -> dict[str, Any]:
    document = report.model_dump(mode="json", exclude={"trend", "checks", "acceptances", "mqa"})
    return {**document, "mqa": _mqa(report)}


def _mqa(report: QualityReport) -> dict[str, Any] | None:
    if report.mqa is None:
        return None
    return {
        "points": report.mqa.points, "of": report.mqa.of,
        "missing": [metric.id for metric in report.mqa.metrics if metric.met is False],
    }


def _percents(card: Scorecard) -> list[str]:
    found = {score.dimension: points_text(score.percent) for score in card.scores}
    return [found.get(name, "–") for name in QUALITY_DIMENSIONS]


def _row(report: QualityReport) -> list[str]:
    card, latest = report.scorecard, report.latest
    if card is None or latest is None:
        return [report.dataset, "–", *["–"] * (len(QUALITY_DIMENSIONS) + 5)]
    counts = [sum(item.outcome == name for item in latest.open) for name in ("failed", "warned")]
    return [
        report.dataset, card.grade, points_text(card.total), *_percents(card), card.freshness.state,
        str(card.freshness.due or "–"), *(str(count) if count else "·" for count in counts),
    ]


def _group_row(item: GroupScore) -> list[str]:
    found = {dimension: points_text(percent) for dimension, percent in item.scores}
    return [
        item.id, item.grade, points_text(item.total), str(item.datasets),
        *(found.get(name, "–") for name in QUALITY_DIMENSIONS),
    ]


def _one(
    settings: Settings, bound: BoundDataset, report: QualityReport, checks: list[str],
    every: bool, rows: int, as_json: bool,
) -> None:
    if report.latest is None:
        raise OpenIndicatorsError(
            "it was never validated", where=report.dataset,
            todo=f"run `openindicators run {report.dataset}`",
        )
    names = _to_rerun(bound, report, checks, every)
    again: list[Rerun] = []
    error = ""
    try:
        again = rerun(bound, settings.data_dir, names, rows) if names else []
    except (DeclarationError, QualityError, SourceError) as found:
        error = str(found)
    if as_json:
        document = {
            **report.model_dump(mode="json"), "mqa": _mqa(report),
            "rerun": [
                {**item.check.model_dump(mode="json", exclude={"samples"}), "rows": item.rows}
                for item in again
            ],
            "rerun_error": error or None,
        }
        print_json(document)
        return
    _print_card(report)
    _print_checks(report)
    if error:
        out.print(f"\n[red]No check can be run again[/]: {escape(error)}")
    for item in again:
        _print_rerun(item)
    quarantined = report.latest.rows_quarantined if report.latest else 0
    if quarantined:
        out.print(f"\nQuarantined: {counted(quarantined, 'row')}, listed by"
                  f" `openindicators quarantine {report.dataset}`")


def _to_rerun(
    bound: BoundDataset, report: QualityReport, checks: list[str], every: bool
) -> set[str]:
    known = {item.name for item in bound.suite.expectations}
    for name in checks:
        if name not in known:
            raise OpenIndicatorsError(
                f"{report.dataset} has no check {name!r}",
                todo=did_you_mean(name, known)
                or f"`openindicators quality {report.dataset}` lists them",
            )
    if checks:
        return set(checks)
    if every:
        return known
    return {item.name for item in report.checks if _last(item) in ("failed", "warned")} & known


def _last(item: CheckHistory) -> Outcome | None:
    """Return what a check found last: the newest validation run may have had no table."""
    return next((point.outcome for point in reversed(item.points) if point.outcome), None)


def _print_card(report: QualityReport) -> None:
    out.print(f"[bold]{escape(report.title.get(default_language()))}[/]\n{escape(report.title.get('en'))}")
    if report.scorecard:
        _print_scores(report.scorecard)
    if report.ended:
        out.print(escape(report.ended.get("en")))
    if report.latest and report.latest.blockers:
        _print_blockers(report.latest, "[red]blocked[/]: ")
        if report.release:
            out.print(f"The last good release stays public: {report.release}.")
    if report.scorecard and report.scorecard.gains:
        _print_gains(report.scorecard)


def _print_scores(card: Scorecard) -> None:
    total = points_text(card.total)
    out.print(f"grade {card.grade}, {total} of 100 (algorithm {card.algorithm})\n")
    table(
        ["dimension", Right("score"), "in words"],
        [
            [
                score.dimension,
                points_text(score.percent),
                QUALITY_DIMENSIONS[score.dimension].meaning.get("en"),
            ]
            for score in card.scores
        ],
    )
    out.print(f"\n{_in_words(card.freshness)}")


def _print_gains(card: Scorecard) -> None:
    out.print()
    table(
        ["to fix", Right("gains"), "in words"],
        [
            [f"{gain.dimension}: {gain.check or ''}".rstrip(": "), f"{gain.points:.2f}",
             escape(gain.title.get("en"))]
            for gain in card.gains
        ],
    )


def _print_blockers(validation_run: ValidationRun, start: str) -> None:
    for said in sentences(validation_run.blockers or (), validation_run.dataset, names=True):
        out.print(f"{start}{escape(said.what.get('en'))}\n  → {escape(said.todo.get('en'))}")


def _in_words(fresh: Freshness) -> str:
    if fresh.due is None:
        return f"{fresh.state}: newest period {fresh.period_last or '–'}"
    habit = "the source's own rhythm" if fresh.own_rhythm else "usual for this frequency"
    due = "was due on" if fresh.days_late else "is due on"
    late = f", {counted(fresh.days_late, 'day')} ago" if fresh.days_late else ""
    return (
        f"{fresh.state}: newest period {fresh.period_last}; {fresh.expected_period} {due}"
        f" {fresh.due} ({counted(fresh.lag_days or 0, 'day')} after its end, {habit}){late}"
    )


def _print_checks(report: QualityReport) -> None:
    out.print()
    table(
        ["check", "severity", "history", "in words"],
        [
            [item.name, item.severity,
             "".join(_MARKS[point.outcome] for point in item.points[-STRIP:]),
             escape(item.title.get("en"))]
            for item in report.checks
        ],
    )


def _found(check: CheckResult) -> str:
    if check.outcome == "passed" or check.error:
        return ""
    return f"; {escape(finding(check).get('en'))}"


def _print_rerun(item: Rerun) -> None:
    check = item.check
    out.print(f"\n[bold]{check.name}[/], run again: {check.outcome}{_found(check)}")
    if check.error:
        out.print(f"error: {escape(check.error)}")
    if item.rows:
        names = [name for name in item.rows[0] if any(row[name] is not None for row in item.rows)]
        table(
            names,
            [["" if row[name] is None else escape(str(row[name])) for name in names]
             for row in item.rows],
        )
