"""`openindicators doctor`: is this machine fit, is the data folder whole?"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from model.errors import OpenIndicatorsError
from model.records.release_blockers import counted
from pipelines.catalogue import Catalogue, load_catalogue
from pipelines.cli.terminal import AsJson, Profile, out, print_json
from pipelines.integrity import inspect
from pipelines.restoring import restore
from pipelines.settings import Settings
from pipelines.steps.make_again import made_again
from warehouse.store import ledger

MINIMUM_SPACE = 2_000_000_000
Finding = tuple[str, bool, str]  # what, whether it is right, in words
ADVICE = (
    "`openindicators doctor --restore` takes what is damaged from an intact copy, flips a single"
    " bit back, or makes it again; `openindicators run` then makes the rest. What is left comes"
    " from a backup: copy it back in its place. A release that is in none: save the files that the"
    " site still offers of it, then `openindicators doctor --give-up DATASET` goes on without it"
)
PACKAGES = ("dagster", "duckdb", "great-expectations", "pyarrow", "ckanapi")


def doctor(
    profile: Profile = None, as_json: AsJson = False,
    mend: Annotated[
        bool, typer.Option("--restore", help="restore what is damaged from copies and snapshots")
    ] = False,
    give_up: Annotated[
        str | None,
        typer.Option(metavar="DATASET", help="go on without its lost releases; numbers stay used"),
    ] = None,
) -> int:
    """Print one line for each finding; return 1 when something is wrong."""
    settings = Settings.from_environment(profile)
    catalogue = load_catalogue(settings)
    if give_up is not None:
        _give_up(settings, give_up)
    findings = [*_machine(), *_folder(settings), _declared(catalogue)]
    findings += _restored(settings, catalogue) if mend else _inspected(settings)
    if as_json:
        print_json([{"what": what, "ok": ok, "detail": detail} for what, ok, detail in findings])
    else:
        for what, ok, detail in findings:
            mark = "[green]✓[/]" if ok else "[red]✗[/]"
            out.print(f"{mark} {what:12} {escape(detail)}")
    return 0 if all(ok for _, ok, _ in findings) else 1


def _machine() -> list[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    found = [("python", sys.version_info >= (3, 11), version)]
    found += [("package", True, f"{name} {metadata.version(name)}") for name in PACKAGES]
    return [*found, ("machine", True, f"{os.cpu_count()} processors")]


def _declared(catalogue: Catalogue) -> Finding:
    return (
        "datasets", not catalogue.errors,
        f"right: {counted(len(catalogue.declarations), 'declaration')}"
        + "".join(f"\n  {error}" for error in catalogue.errors),
    )


def _folder(settings: Settings) -> list[Finding]:
    root = settings.data_dir.root
    try:
        settings.data_dir.prepare()
    except OpenIndicatorsError as error:
        return [("data folder", False, str(error))]
    free = shutil.disk_usage(root).free
    return [
        ("data folder", True, f"{root} can be written"),
        ("disk", free > MINIMUM_SPACE, f"{free / 1e9:.1f} GB free"),
    ]


def _inspected(settings: Settings) -> list[Finding]:
    """Compare every file with its record."""
    found = inspect(settings.data_dir)
    if not found.damages:
        return [("records", True, f"{counted(found.files, 'file')} are what their records say")]
    lines = [("damaged", False, f"{item.path}: {item.what}") for item in found.damages]
    return [*lines, ("records", False, ADVICE)]


def _restored(settings: Settings, catalogue: Catalogue) -> list[Finding]:
    """Restore what is damaged, and say how."""
    data_dir = settings.data_dir
    available = catalogue.bound_datasets(settings.profile)

    @contextmanager
    def again(dataset: str, number: int) -> Iterator[Path | None]:
        if dataset not in available:
            yield None
            return
        with ExitStack() as stack:
            made = None
            with suppress(OpenIndicatorsError):  # what it is made from is damaged, and comes first
                made = stack.enter_context(made_again(available[dataset], data_dir, number))
            yield made

    lines: dict[Path, Finding] = {}
    with data_dir.run_lock():
        known = -1
        # A record that is restored shows what else is damaged, and what else can be made again.
        while (restored := sum(ok for _, ok, _ in lines.values())) > known:
            known = restored
            for damage, how in restore(data_dir, inspect(data_dir), again):
                said = f"{damage.path}: {damage.what}; {how or 'restore it from a backup'}"
                if how or damage.path not in lines:
                    lines[damage.path] = ("restored" if how else "damaged", bool(how), said)
    return list(lines.values()) or _inspected(settings)


def _give_up(settings: Settings, dataset: str) -> None:
    lost = ledger.lost(settings.data_dir, dataset)
    if not lost:
        raise OpenIndicatorsError(
            "no release of it is lost", where=dataset, todo="see `openindicators doctor`"
        )
    with settings.data_dir.run_lock():
        for entry in lost:
            ledger.give_up(settings.data_dir, dataset, entry)
