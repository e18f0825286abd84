"""`openindicators corpus`: every file of a folder, read or refused, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer
from pydantic import ValidationError
from rich.markup import escape

from model.errors import OpenIndicatorsError, ReadError, SourceError
from pipelines.cli.terminal import AsJson, Right, number, out, print_json, table
from sources.base import SourceFile
from sources.connectors.registry import protocol
from sources.inspect.finding import Found, NoTable, RecognisedTable, RefusedContent
from sources.inspect.recognise import recognise


@dataclass(frozen=True)
class FileReport:
    """What became of a file, or of one of the things in it: `a.zip#b.csv`, `a.xls#sheet`.

    reader: what read it, "" where it was refused.
    rows: what the reader gave; for what is no table, how many entries it has, where they count.
    reason: why it was refused, or what it is when it is no table.
    parts: of a file that holds several things, each of them; the file's own reader is the one
        that gave the most rows, and its rows are those.
    """

    file: str
    reader: str
    rows: int | None
    reason: str | None
    parts: tuple[FileReport, ...] = ()


def corpus(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="with files, in any depth")],
    as_json: AsJson = False,
) -> int:
    """Read every file of a folder, and print what became of it.

    Raises:
        OpenIndicatorsError: there is no such folder.
    """
    if not folder.is_dir():
        raise OpenIndicatorsError("there is no such folder", where=str(folder))
    lines = []
    for line in report(folder):
        lines.append(line)
        if not as_json:
            _print(line)
            for part in line.parts:
                _print(part)
    if as_json:
        print_json([asdict(line) for line in lines])
    else:
        _summary([part for line in lines for part in line.parts or (line,)])
    return 0


def report(folder: Path) -> Iterator[FileReport]:
    """Read every file below a folder, in order, and say what became of it."""
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        yield _file_line(path, path.relative_to(folder).as_posix())


def _file_line(path: Path, name: str) -> FileReport:
    """Read all that one file holds, and say what became of it."""
    try:
        found = recognise(path, name)
    except SourceError as error:
        return FileReport(name, "", None, _one_line(error))
    parts = tuple(_line(path, name, each) for each in found)
    if len(parts) == 1:
        return replace(parts[0], file=name)
    rows: Counter[str] = Counter()
    for part in parts:
        if part.reader and not part.reason:
            rows[part.reader] += part.rows or 0
    if not rows:
        reasons = "; ".join(f"{part.file}: {part.reason}" for part in parts)
        return FileReport(name, parts[0].reader, None, reasons, parts)
    reader, count = rows.most_common(1)[0]
    return FileReport(name, reader, count, None, parts)


def _line(path: Path, name: str, found: Found) -> FileReport:
    label = f"{name}#{found.place}" if found.place else name
    if isinstance(found, RefusedContent):
        return FileReport(label, "", None, found.reason)
    if isinstance(found, NoTable):
        return FileReport(label, found.kind, found.entries, found.what)
    try:
        rows = sum(batch.num_rows for batch in read_table(path, name, found))
    except SourceError as error:
        return FileReport(label, "", None, _one_line(error))
    return FileReport(label, found.kind, rows, None)


def _print(line: FileReport) -> None:
    reader = f"{line.reader:20}" if line.reader else f"[red]{'refused':20}[/]"
    rows = "" if line.rows is None else number(line.rows)
    out.print(f"{reader} {rows:>9}  {escape(line.file)}  [dim]{escape(line.reason or '')}[/]")


def _one_line(error: SourceError) -> str:
    return " ".join(str(error).split())


def read_table(path: Path, name: str, found: RecognisedTable) -> Iterator[pa.RecordBatch]:
    """Read a table that was recognised, with the reader and options that recognition names.

    Raises:
        SourceError: the table cannot be read.
    """
    reader = protocol(found.protocol)
    try:
        options = reader.Options.model_validate({"files": [name], **found.options})
    except ValidationError as error:
        first = error.errors()[0]
        raise ReadError(
            f"{first['loc'][0]} cannot be declared: {first['msg']}", where=name,
            todo="look at the file: a name in it may have signs that are not seen",
        ) from error
    return reader.read([SourceFile(name, path)], options)


def _summary(lines: list[FileReport]) -> None:
    readers = Counter(line.reader or "refused" for line in lines)
    rows: Counter[str] = Counter()
    for line in lines:
        rows[line.reader or "refused"] += line.rows or 0
    out.print()
    table(
        ["reader", Right("files or parts"), Right("rows or entries")],
        [[reader, number(count), number(rows[reader])] for reader, count in readers.most_common()],
    )
