"""`openindicators new SECTOR --folder DIR`: every table of a folder, a declaration each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape

from model.errors import OpenIndicatorsError
from model.records.release_blockers import counted
from model.reference.registries import Registries, load_registries
from model.util.disk import write_if_changed
from model.util.text import did_you_mean, slug
from pipelines.cli.confirm.together import print_shared, shared_questions, writers_of
from pipelines.cli.new.inspect import declared, into_inbox, tables_of
from pipelines.cli.new.scaffold import SUITE
from pipelines.cli.schema import write_schemas
from pipelines.cli.terminal import out
from pipelines.settings import Settings
from sources.inspect.finding import RecognisedTable

_LONGEST = 56  # characters of a dataset's name, before a number


@dataclass(frozen=True)
class _Skipped:
    """A file or table that has no declaration, and why."""

    what: str
    why: str


def new_folder(folder: Path, sector: str) -> int:
    """Declare every table of a `folder` and those below it, in a `sector`; overwrite nothing.

    Files in a folder that is named as a sector belong to that one.

    Raises:
        OpenIndicatorsError: there is no such folder or sector, or no table in it.
    """
    settings = Settings.from_environment()
    registries = load_registries(settings.project)
    if not folder.is_dir():
        raise OpenIndicatorsError("there is no such folder", where=str(folder))
    if sector not in registries.sectors:
        raise OpenIndicatorsError(
            f"unknown sector {sector!r}", where=str(folder),
            todo=did_you_mean(sector, set(registries.sectors)),
        )
    settings.data_dir.prepare()
    made: list[str] = []
    skipped: list[_Skipped] = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        relative = path.relative_to(folder)
        of = next((part for part in relative.parts[:-1] if part in registries.sectors), sector)
        try:
            for each in _declared(path, of, set(made), settings, registries):
                if isinstance(each, _Skipped):
                    skipped.append(each)
                else:
                    made.append(each)
                    out.print(f"{each:60} {escape(str(relative))}")
        except OpenIndicatorsError as error:
            skipped.append(_Skipped(str(relative), error.what))
    for skip in skipped:
        out.print(f"[dim]no dataset: {escape(skip.what)}: {escape(skip.why)}[/]")
    if not made:
        raise OpenIndicatorsError("holds no table of figures", where=str(folder))
    write_schemas(settings, registries)
    out.print(f"\n{counted(len(made), 'dataset')} declared in {escape(str(settings.declarations))}")
    shared = shared_questions(writers_of(made, settings, registries, None))
    print_shared(shared)
    out.print("Next         openindicators confirm")
    return 0


def _declared(
    path: Path, sector: str, taken: set[str], settings: Settings, registries: Registries
) -> Iterator[str | _Skipped]:
    """Write the declaration of each table of a file; yield the datasets, and what is none."""
    found = tables_of(path)
    tables = [each for each in found if isinstance(each, RecognisedTable)]
    if not tables:
        what = getattr(found[0], "what", "") or getattr(found[0], "reason", "")
        yield _Skipped(path.name, str(what))
    copy: Path | None = None
    for table in tables:
        label = f"{path.name}#{table.place}" if table.place else path.name
        if table.options.get("hidden") == "read":
            yield _Skipped(label, "the sheet is hidden")
            continue
        name = _free_name(path.stem, table.place, {
            *(each.partition("/")[2] for each in taken if each.startswith(f"{sector}/")),
            *(each.stem for each in (settings.declarations / sector).glob("*.yaml")),
        })
        copy = copy or into_inbox(path, settings.data_dir.inbox)
        title = (table.place or path.stem).replace("_", " ").strip()
        try:
            looked = declared(
                path, table, (), (name, title), {"files": [copy.name]}, copy, registries,
                whole=True,
            )
        except OpenIndicatorsError as error:
            yield _Skipped(label, error.what)
            continue
        dataset = f"{sector}/{name}"
        taken.add(dataset)
        write_if_changed(settings.declarations / f"{dataset}.yaml", looked.text)
        write_if_changed(settings.suites / f"{dataset}.yaml", SUITE)
        yield dataset


def _free_name(stem: str, place: str, taken: set[str]) -> str:
    """Return a name for a dataset, of its file and its sheet."""
    words = slug(f"{stem} {place}").replace("-", "_")[:_LONGEST].strip("_") or "table"
    name = words if re.match("[a-z]", words) else f"t_{words}"
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found
