"""What the terminal shows, options that commands share, and who decides."""

import getpass
import json
import os
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from model.declarations.questions import OpenQuestionsError
from model.errors import OpenIndicatorsError
from model.records.release_blockers import counted
from model.util.text import Text

Profile = Annotated[str | None, typer.Option("--profile", "-p", help="sample (embedded) or live")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON, for scripts")]
DatasetName = Annotated[
    str,
    typer.Argument(metavar="DATASET", help="SECTOR/NAME, or NAME alone where one sector has it"),
]
Selection = Annotated[
    list[str] | None,
    typer.Argument(metavar="[DATASET|SECTOR]...", help="which of them; nothing means all"),
]
To = Annotated[str, typer.Option(metavar="PORTAL", help="site or ckan")]
By = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="who decides (default: the login name)")
]
Draft = Annotated[
    str | None,
    typer.Option("--draft", metavar="DRAFT", help="decide only if this very draft still waits"),
]


# Sentences are never broken: what a person copies from a terminal, or a script reads, is whole.
out = Console(highlight=False, soft_wrap=True, width=None if os.isatty(1) else 140)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def plain(error: Exception) -> str:
    """Return an error in words; one that is not ours names its kind, without a traceback."""
    if isinstance(error, OpenIndicatorsError):
        return str(error)
    return f"{type(error).__name__}: {error}\n  → this should not happen: see the log in `make ui`"


def say_error(error: Exception) -> None:
    """Print an error."""
    err.print(f"[bold red]error[/] {escape(plain(error))}")


def say_open(error: OpenQuestionsError) -> None:
    """Print the open questions of a dataset that is not ready, each with file and line."""
    number = counted(len(error.questions), "open question")
    err.print(f"[bold yellow]not ready[/] {error.dataset_id}: {number}")
    for each in error.questions:
        err.print(f"  {escape(each.where)}: {escape(each.in_words)}")
    err.print(f"  → {error.todo}")


def exit_code(errors: Iterable[Exception]) -> int:
    """Return the code of errors that have one in common, 1 of others, 0 of none."""
    codes = {getattr(error, "exit_code", 1) for error in errors}
    return 0 if not codes else codes.pop() if len(codes) == 1 else 1


class Right(str):
    """The name of a column of numbers, which are aligned to the right."""

    __slots__ = ()


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "") -> None:
    """Print a table of rows under the names of columns, and below a title if there is one."""
    grid = Table(
        title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold"
    )
    for name in columns:
        grid.add_column(
            name, justify="right" if isinstance(name, Right) else "left", overflow="fold"
        )
    for row in rows:
        grid.add_row(*(item if item is None else str(item) for item in row))
    out.print(grid, soft_wrap=False)


def print_json(document: Any) -> None:
    """Print a document for scripts."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def number(value: int) -> str:
    """Return a count with a thin mark between thousands; nothing is "·", so that news stand out."""
    return f"{value:,}".replace(",", " ") if value else "·"


LONGEST = 1000  # signs of a reason: a page shows it in full


def plain_text(option: str, value: str) -> str:
    """Return what a person wrote, fit to be shown.

    Raises:
        OpenIndicatorsError: it is empty, too long, or holds signs that cannot be shown.
    """
    try:
        text: str = TypeAdapter(Text).validate_python(value.strip())
    except ValidationError as error:
        raise OpenIndicatorsError(
            f"{option}: {error.errors()[0]['msg']}", todo="write it in plain words"
        ) from error
    if len(text) > LONGEST:
        raise OpenIndicatorsError(f"{option} has {len(text)} signs", todo=f"say it in {LONGEST}")
    return text


def decider(by: str | None) -> str:
    """Return the name of who decides: the one given, or the login name."""
    return plain_text("--by", by if by is not None else _login())


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user can be without a name
        return f"user {os.getuid()}"
