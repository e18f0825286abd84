"""What the checks for personal data find in the columns of text of real files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from model.errors import OpenIndicatorsError
from model.reference.personal_data import indirect_kinds_of, kinds_of
from pipelines.cli.corpus import read_table
from sources.inspect.finding import RecognisedTable
from sources.inspect.recognise import recognise

POSITION = ("_part", "_row")


def columns(folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yield file, column and its different texts, of every table that the readers recognise."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        name = str(path.relative_to(folder))
        try:
            for found in recognise(path, name):
                if not isinstance(found, RecognisedTable):
                    continue
                table = pa.Table.from_batches(read_table(path, name, found))
                for column in table.column_names:
                    if column not in POSITION and not pa.types.is_nested(
                        table.schema.field(column).type
                    ):
                        values = table[column].unique().to_pylist()
                        texts = [v for v in values if isinstance(v, str) and v]
                        if texts:
                            yield name, column, texts
        except (OpenIndicatorsError, pa.ArrowInvalid, ValueError, OSError):
            continue  # refused files are the corpus command's subject


def false_alarms(folders: list[Path]) -> None:
    """Print every column in which something is found, with one text, and how many there are."""
    seen = texts_seen = direct = indirect = 0
    for folder in folders:
        for name, column, texts in columns(folder):
            seen += 1
            texts_seen += len(texts)
            blocked = [(text, kind) for text in texts for kind in kinds_of(text)]
            warned = [(text, kind) for text in texts for kind in indirect_kinds_of(text)]
            direct += bool(blocked)
            indirect += bool(warned)
            for what, found in (("blocks", blocked), ("warns", warned)):
                if found:
                    text, kind = found[0]
                    print(f"{what} {len(found):5} of {len(texts):6}  {kind:15} {name}:"
                          f" {column[:40]!r}: {text[:90]!r}")
    print(f"{seen:,} columns, {texts_seen:,} different texts: {direct} block, {indirect} warn")
