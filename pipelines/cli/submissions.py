"""`openindicators template` and `submit`: the workbooks that departments fill in."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from model.errors import OpenIndicatorsError
from model.records.submission import Submission
from model.util.text import slug
from pipelines.catalogue import load_catalogue
from pipelines.cli.live import live
from pipelines.cli.terminal import (
    AsJson,
    Profile,
    decider,
    exit_code,
    out,
    plain_text,
    print_json,
    say_error,
)
from pipelines.connections import open_portals
from pipelines.settings import Settings
from pipelines.submissions import texts
from pipelines.submissions.form import forms_of
from pipelines.submissions.register import check_receipt, entries, receipt_path
from pipelines.submissions.submit import published, submit
from pipelines.submissions.workbook import MOST_ROWS, SPARE_ROWS, write_workbook

DROP_FOLDER = "submissions"  # in the folder of files that people drop in
_FORMULA = ("=", "+", "-", "@")  # what a spreadsheet takes for a formula


def template(
    wanted: Annotated[
        str, typer.Argument(metavar="SECTOR|DATASET", help="whose figures are to be filled in")
    ],
    to: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="the .xlsx file")] = None,
    rows: Annotated[
        int, typer.Option(min=1, max=MOST_ROWS, help="empty rows below the published figures")
    ] = SPARE_ROWS,
    profile: Profile = None,
) -> int:
    """Write the workbook that a department fills in; it has the published figures already.

    Raises:
        OpenIndicatorsError: nothing of that name takes submissions, or the file cannot be written.
    """
    settings = Settings.from_environment(profile)
    forms = forms_of(load_catalogue(settings), settings.profile, [wanted])
    path = to or Path(f"{slug(wanted)}.xlsx")
    filled = {}
    for form in forms:
        filling = published(form, settings.data_dir, MOST_ROWS - rows)
        filled[form.bound.dataset.id] = (form, filling, filling.height(rows))
    written = write_workbook(path, filled, settings.now())
    for checks in written:
        out.print(
            f"{escape(checks.form.bound.dataset.id)}: {checks.rows} rows,"
            f" {len(checks.rules)} checks in the sheet, {len(checks.later)} after it is sent"
        )
    out.print(f"[green]✓[/] {escape(str(path))}")
    return 0


def take_in(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="filled in; else all that are new in"
                       f" {DROP_FOLDER}/ of the folder of files"),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--as", metavar="NAME/DEPARTMENT", help="who sends it")
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option("--answers", metavar="FOLDER", help="for the answer; else beside the file"),
    ] = None,
    check: Annotated[
        Path | None, typer.Option("--check", metavar="RECEIPT", help="only confirm a receipt")
    ] = None,
    register: Annotated[
        bool, typer.Option("--register", help="only list what was sent in")
    ] = False,
    profile: Profile = None, as_json: AsJson = False,
) -> int:
    """Take in filled workbooks: each becomes a release, or its marked copy says why not.

    Beside each FILE are written its marked copy (`.checked.xlsx`) and the receipt (`.receipt.json`
    and `.txt`).

    Raises:
        OpenIndicatorsError: no such file, or it is refused.
    """
    settings = Settings.from_environment(profile)
    if check is not None:
        return _confirm(check, settings, as_json)
    if register:
        return _list(entries(settings.data_dir), as_json)
    sender = _sender(by)
    settings.data_dir.prepare()
    found: list[Submission] = []
    errors: list[Exception] = []
    with settings.data_dir.run_lock():
        catalogue = load_catalogue(settings)
        portals = open_portals(settings, catalogue.registries)
        for path in files or _dropped(settings):
            if not path.is_file():
                raise OpenIndicatorsError("there is no such file", where=str(path))
            try:
                with live(1, quiet=as_json) as reporter:
                    answer = submit(
                        settings, catalogue, portals, path, sender, reporter,
                        answers or path.parent,
                    )
            except OpenIndicatorsError as error:
                errors.append(error)
                say_error(error)
                continue
            found += answer.submissions
            errors += [error for _, error in answer.outcome.failures.values()]
            if not as_json:
                for each in answer.files:
                    out.print(f"[green]✓[/] {escape(str(each))}")
    _list(found, as_json)
    return exit_code(errors)


def _dropped(settings: Settings) -> list[Path]:
    """Return the workbooks of the drop folder that have no answer yet."""
    folder = (settings.files or settings.data_dir.inbox) / DROP_FOLDER
    return [
        path for path in sorted(folder.glob("*.xlsx"))
        if not path.name.endswith(".checked.xlsx") and not path.name.startswith("~$")
        and not receipt_path(path.with_suffix("")).exists()
    ]


def _sender(by: str | None) -> str:
    """Return who sends a workbook; a register is opened in spreadsheets, so no formula."""
    name = plain_text("--as", by) if by is not None else decider(None)
    if name.startswith(_FORMULA):
        raise OpenIndicatorsError(
            f"--as begins with {name[0]!r}, as a formula does", todo="write “name/department”"
        )
    return name


def _confirm(path: Path, settings: Settings, as_json: bool) -> int:
    receipt, is_entered = check_receipt(path, settings.data_dir)
    if as_json:
        print_json({"genuine": is_entered, **receipt.model_dump(mode="json")})
    elif is_entered:
        out.print(f"[green]genuine[/]: the register of {escape(receipt.publisher)} has it")
        _list(receipt.submissions, as_json)
    else:
        out.print("[red]unknown[/]: the register of this data folder does not have this receipt"
                  "\n  → set OPENINDICATORS_DATA_DIR to the publisher's data folder")
    return 0 if is_entered else 1


def _list(submissions: list[Submission] | tuple[Submission, ...], as_json: bool) -> int:
    if as_json:
        print_json([each.model_dump(mode="json") for each in submissions])
        return 0
    for each in submissions:
        out.print(
            f"{each.at:%Y-%m-%d %H:%M} {escape(each.dataset or '–')} [bold]{each.verdict}[/]"
            f" ({escape(each.by)}): {escape(texts.verdict(each).get('en'))} {escape(each.reason)}"
        )
    counted = Counter(each.verdict for each in submissions)
    out.print(", ".join(f"{number} {verdict}" for verdict, number in sorted(counted.items()))
              or "Nothing was sent in.")
    return 0
