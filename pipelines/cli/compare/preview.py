"""`openindicators preview`: what edited declarations would release, against what is released."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from model.util.disk import write_if_changed
from pipelines.cli.compare.preview_report import ReportSection, document, markdown, page
from pipelines.cli.terminal import (
    Profile,
    Right,
    Selection,
    exit_code,
    out,
    plain,
    say_error,
    table,
)
from pipelines.preview.edited import Edited, edited_datasets
from pipelines.preview.overlay import overlay
from pipelines.preview.proposal import Proposal, propose
from pipelines.settings import Settings

BLOCKED, BREAKS = 5, 10  # exit codes


def preview(
    selection: Selection = None,
    base: Annotated[
        str, typer.Option(metavar="GITREF", help="the commit to compare with")
    ] = "main",
    as_markdown: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="FILE", help="write it for a pull request, too"),
    ] = None,
    as_html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="write it as a page, too")
    ] = None,
    profile: Profile = None,
) -> int:
    """Print what the edited datasets would release; returns the exit code.

    Raises:
        OpenIndicatorsError: no such commit or dataset.
    """
    settings = Settings.from_environment(profile)
    edited = edited_datasets(settings, base, selection or [])
    with overlay(settings.data_dir, edited.datasets) as over:
        proposals = [
            propose(bound, over, edited.before, settings.now(), edited.declared)
            for bound in edited.datasets.values()
        ]
    sections = document(base, proposals, _notes(edited, proposals))
    for path, text in ((as_markdown, markdown), (as_html, page)):
        if path is not None:
            write_if_changed(path, text(sections))
    _print(sections)
    for error in edited.errors:
        say_error(error)
    return _exit_code(edited, proposals)


def _notes(edited: Edited, proposals: Sequence[Proposal]) -> list[str]:
    notes = [
        f"{name} is no longer declared: its releases stay public (`openindicators withdraw`)"
        for name in edited.undeclared
    ]
    missing = [each.dataset for each in proposals if each.outcome == "no snapshot"]
    if missing:
        notes.append(f"without a snapshot, nothing is known of {', '.join(missing)}")
    return notes + [f"error: {plain(error)}" for error in edited.errors]


def _print(sections: Sequence[ReportSection]) -> None:
    for section in sections:
        out.print(f"[bold]{escape(section.title)}[/]")
        for line in section.lines:
            out.print(f"  {escape(line)}")
        for each in section.tables:
            table(
                [Right(name) if name in each.right else name for name in each.columns],
                [[escape(cell) for cell in row] for row in each.rows], escape(each.title),
            )
        out.print()


def _exit_code(edited: Edited, proposals: Sequence[Proposal]) -> int:
    if edited.errors:
        return exit_code(edited.errors)
    if any(each.outcome in ("blocked", "failed") for each in proposals):
        return BLOCKED
    return BREAKS if any(each.breaks for each in proposals) else 0
