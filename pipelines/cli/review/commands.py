"""The commands with which people decide: drafts, releases, quarantined rows, failed checks.

They import what they need when they are called, as all commands do (`pipelines.cli.main`).
"""

from typing import Annotated

import typer

from pipelines.cli.terminal import AsJson, By, Draft, Profile

app = typer.Typer()


@app.command()
def drafts(profile: Profile = None, as_json: AsJson = False) -> int:
    """List the drafts that wait for approval."""
    from pipelines.cli.review.decisions import list_drafts as command

    return command(profile, as_json)


@app.command()
def approve(dataset: str, draft: Draft = None, by: By = None, profile: Profile = None) -> int:
    """Make the draft that waits the public release."""
    from pipelines.cli.review.decisions import approve as command

    return command(dataset, draft, by, profile)


@app.command()
def reject(
    dataset: str, reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="why")],
    draft: Draft = None, by: By = None, profile: Profile = None,
) -> int:
    """Reject the draft that waits; the same inputs do not make it again."""
    from pipelines.cli.review.decisions import reject as command

    return command(dataset, draft, reason, by, profile)


@app.command()
def rollback(
    dataset: str,
    to: Annotated[int, typer.Option("--to", metavar="RELEASE", help="the earlier release")],
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="why; the portal shows it")
    ] = None,
    by: By = None,
    profile: Profile = None,
) -> int:
    """Make a new release with the content of an earlier one."""
    from pipelines.cli.review.decisions import rollback as command

    return command(dataset, to, reason, by, profile)


@app.command()
def withdraw(
    dataset: str,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="why; the portal shows it")
    ],
    successor: Annotated[
        str | None,
        typer.Option("--successor", metavar="DATASET", help="the dataset that takes its place"),
    ] = None,
    by: By = None,
    profile: Profile = None,
) -> int:
    """Withdraw a dataset for good: its files go, a page that says so stays."""
    from pipelines.cli.review.decisions import withdraw as command

    return command(dataset, reason, successor, by, profile)


@app.command()
def quarantine(
    dataset: str,
    profile: Profile = None,
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", metavar="ROW", help="release this row, as long as it stays so"),
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="why it is right after all")
    ] = None,
    by: By = None,
    as_json: AsJson = False,
) -> int:
    """List the quarantined rows, with every reason; accept those that are correct."""
    from pipelines.cli.quality.quarantine import quarantine as command

    return command(dataset, profile, accept or [], reason, by, as_json)


@app.command()
def accept(
    dataset: str,
    check: Annotated[
        list[str], typer.Option("--check", metavar="NAME", help="the check that blocks it")
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="why it is right")],
    by: By = None,
    profile: Profile = None,
) -> int:
    """Release the last snapshot although a check on the whole table fails, such as a revision."""
    from pipelines.cli.review.decisions import accept as command

    return command(dataset, check, reason, by, profile)
