"""The rows that a declaration rests on, as its reader gives them."""

from itertools import islice
from typing import Any

from model.declarations.load import Declaration
from model.declarations.questions import OpenQuestion
from model.errors import SourceError
from pipelines.settings import Settings
from sources.base import SourceFile
from sources.connectors.registry import options_of, protocol
from warehouse.store import snapshots

_ROWS = 200  # that are read, for values that differ
_MOST = 5

Row = dict[str, Any]


def first_rows(declaration: Declaration, settings: Settings) -> tuple[list[Row], str]:
    """Return the first rows of the newest snapshot, else of the files in the inbox.

    Returns:
        The rows, and why there are none.
    """
    dataset = declaration.dataset
    source = dataset.source_for(settings.profile)
    if source is None:
        return [], f"it has no source in the profile {settings.profile}"
    stored = snapshots.latest(settings.data_dir, dataset.id)
    if stored is not None:
        parts = [SourceFile.of(part, stored.part_path(part)) for part in stored.snapshot.parts]
    else:
        names = getattr(options_of(source), "files", ())
        paths = [settings.data_dir.inbox / name for name in names]
        parts = [SourceFile(path.name, path) for path in paths if path.is_file()]
    if not parts:
        return [], "no file of it is in the inbox, and nothing was fetched yet"
    try:
        batches = protocol(source.protocol).read(parts, options_of(source))
        return list(islice((row for batch in batches for row in batch.to_pylist()), _ROWS)), ""
    except SourceError as error:
        return [], str(error)


def rows_of(question: OpenQuestion, declaration: Declaration, rows: list[Row]) -> list[Row]:
    """Return those of the first `rows` of a source that show what a `question` is about.

    About a column, found by the `declaration`, rows in which its values differ; else the first
    rows.
    """
    columns = _columns(question, declaration)
    if not columns:
        return rows[:_MOST]
    seen: dict[Any, Row] = {}
    for row in rows:
        kept = {name: row.get(name) for name in ("_row", *columns) if name in row}
        seen.setdefault(str([row.get(name) for name in columns]), kept)
    return list(seen.values())[:_MOST]


def _columns(question: OpenQuestion, declaration: Declaration) -> list[str]:
    at = question.at
    concept = {"geography": "ref_area", "frequency": "time_period", "tolerance": "ref_area"}
    named = str(at[2]) if at[:2] == ("source", "columns") and len(at) > 2 else (
        str(at[1]) if at[:1] == ("dimensions",) and len(at) > 1 else concept.get(str(at[:1][0]), "")
        if at else "")
    found = (source.columns.get(named) for source in declaration.dataset.sources.values())
    return list(dict.fromkeys(rule.column for rule in found if rule and rule.column))
