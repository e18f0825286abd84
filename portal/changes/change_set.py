"""The change set of a release, for programs: what came, went, was revised or means another thing.

It is made from the release's record and its `changes.parquet`, which `warehouse.differences` and
`warehouse.versions` defined. Its JSON Schema is published beside the datasets.
"""

from functools import cache, partial
from pathlib import Path
from typing import Any

from model.records.release import Changes
from model.util.hashing import pretty_json
from model.util.sql import identifier, literal
from model.util.text import LocalizedText, localized
from portal.changes.offered import OfferedRelease
from portal.content import Content
from portal.rendering import formatting
from portal.vocabulary import REASONS, sentence

FILE = "changes.json"
SCHEMA = "schemas/change-set.json"  # path in the site
CELLS = 10_000  # more are in the changes file alone, which has them all
_VALUES = ("old_value", "new_value", "old_status", "new_status", "unit_measure")


@cache
def schema() -> bytes:
    """Return the JSON Schema of change sets."""
    return (Path(__file__).resolve().parent / "change_set.schema.json").read_bytes()


def in_words(reason: str, changes: Changes) -> LocalizedText:
    """Return why a release was made (`reason`) and how many cells it `changes`, in a sentence."""
    counts = {
        name: localized(partial(formatting.number, count))
        for name, count in changes.model_dump().items()
    }
    return sentence("version notes", reason=REASONS[reason], **counts)


def change_set(content: Content, item: OfferedRelease, figures: bool) -> bytes:
    """Return the change set of the release `item`, opened as `content`, as JSON.

    `figures` says whether cells may be shown. A first release lists none: its data are the change.
    """
    release = item.release
    columns = content.columns_of("changes.parquet")
    key = [name for name in content.dataset.key if name in columns]
    listed = figures and item.before is not None
    cells = _cells(content, key) if listed else []
    total = release.changes.added + release.changes.revised + release.changes.withdrawn
    document: dict[str, Any] = {
        "$schema": "../" * item.folder.count("/") + SCHEMA,
        "dataset": release.dataset,
        "release": release.number,
        "version": item.version,
        "previous_version": item.before.semantic_version if item.before else None,
        "level": item.level,
        "issued": release.issued.isoformat(),
        "reason": release.reason,
        "structure": [each.model_dump(mode="json") for each in release.structure],
        "counts": release.changes.model_dump(),
        "key": key,
        "cells": [],
        "cells_complete": item.before is not None and len(cells) == total,
        "all_cells": f"{content.dataset.name}-changes.csv" if listed else None,
    }
    text = pretty_json(document)
    if cells:  # a line each
        lines = ",\n    ".join(cells)
        text = text.replace('"cells": []', f'"cells": [\n    {lines}\n  ]', 1)
    return text.encode()


def _cells(content: Content, key: list[str]) -> list[str]:
    """Return the figures that differ, each as JSON: DuckDB writes it many times faster."""
    keys = ", ".join(f"{literal(name)}: {identifier(name)}" for name in key)
    values = ", ".join(f"{literal(name)}: {identifier(name)}" for name in _VALUES)
    order = ", ".join(map(identifier, ("change", *key)))
    return [cell for (cell,) in content.query(
        f"SELECT to_json({{'change': change, 'key': {{{keys}}}, {values}}})::VARCHAR FROM t"
        f" ORDER BY {order} LIMIT {CELLS}", "changes.parquet",
    )]
