"""The observations as JSON-stat 2, a cube (https://json-stat.org/full/).

Its dimensions are the key of the dataset. A cell that the release has no row for is null and has no
status; one that it has without a figure is null with a status. JSON-stat has no place for what a
cell has besides figure and status (interval, note, footnotes): that stands in the `extension` under
the name of the column, by the same position as in `value`. Labels are in the first language of the
city, those in the others are in the `extension`, too.
"""

import json
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from model.declarations.dataset import BOUNDS, FOOTNOTES
from model.util.languages import languages
from portal.content import BATCH_ROWS, ROW_GROUP, Content
from portal.distributions.base import Distribution, WrittenFile

# A cube that is emptier has its figures as an object, by position: pyjstat 2.4 reads arrays alone,
# but an array of a thin cube is mostly nulls.
CELLS_PER_ROW, SMALL_CUBE = 20, 100_000

NOTES = ("obs_note", *BOUNDS, FOOTNOTES)  # what a cell may have besides figure and status
NORMAL = "A"  # SDMX's status of a normal value: not written
ROLES = {"time": ["time_period"], "geo": ["ref_area"], "metric": ["indicator"]}


def write(content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
    """Write the cube of `content` to `path`; `others` is unused."""
    table = _table(content)
    # `codes_used` has no periods: only here are they codes.
    periods = sorted(pc.unique(table["time_period"]).to_pylist())
    codes = {name: content.codes_used.get(name, periods) for name in content.dataset.key}
    cells = _cells(table, codes)
    first, *rest = languages()
    head: dict[str, Any] = {
        "version": "2.0", "class": "dataset", "label": content.dataset.title.get(first),
        "source": content.publisher.name.get(first),
        "updated": content.release.issued.isoformat(timespec="seconds"),
        "note": [content.dataset.description.get(first)],
        "id": list(codes), "size": [len(found) for found in codes.values()], "role": ROLES,
        "dimension": {name: _dimension(content, name, found) for name, found in codes.items()},
        "extension": {
            "dataset": content.dataset.id, "release": content.release.number,
            "licence": str(content.licence.url), "language": first,
            "label": {code: content.dataset.title.get(code) for code in rest},
            "source": {code: content.publisher.name.get(code) for code in rest},
        },
    }
    value, status = cells.pop("value"), cells.pop("status")
    head["extension"] |= cells
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f'{_json(head)[:-1]},"value":')
        if isinstance(value, pa.Array):  # a part at a time: as objects they take ten times as much
            file.write("[")
            for start in range(0, len(value), BATCH_ROWS):
                part = _json(value.slice(start, BATCH_ROWS).to_pylist())[1:-1]
                file.write("," * bool(start) + part)
            file.write("]")
        else:
            file.write(_json(value))
        file.write(f',"status":{_json(status)}}}')


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _dimension(content: Content, name: str, codes: Sequence[str]) -> dict[str, Any]:
    first, *others = languages()
    category: dict[str, Any] = {"index": codes, "label": _labels(content, name, codes, first)}
    if name == "indicator":
        category["unit"] = {code: _unit(content, code, first) for code in codes}
    title = content.names.column(name).title
    return {
        "label": title.get(first), "category": category,
        "extension": {
            "label": {code: title.get(code) for code in others},
            "category": {code: _labels(content, name, codes, code) for code in others},
        },
    }


def _labels(
    content: Content, name: str, codes: Sequence[str], language: str
) -> dict[str, str]:
    return {code: content.names.label(name, code, language) for code in codes}


def _unit(content: Content, code: str, language: str) -> dict[str, Any]:
    indicator = content.dataset.indicators.get(code)
    if indicator is None:
        return {}
    label = content.registries.units[indicator.unit].name.get(language)
    return {"label": label, "decimals": indicator.decimals}


def _table(content: Content) -> pa.Table:
    """Read what the cube shows of the observations."""
    concepts = ("obs_value", "obs_status", *NOTES)
    columns = [name for name in concepts if name in content.published_columns]
    with pq.ParquetFile(content.files.path("data.parquet")) as file:
        # Threads cost more than they save for a few thousand rows.
        return file.read(
            [*content.dataset.key, *columns], use_threads=content.release.rows > ROW_GROUP
        )


def _cells(table: pa.Table, codes: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the figures of the cube, and everything else of its cells by position."""
    size = prod(len(found) for found in codes.values())
    positions, step = np.zeros(table.num_rows, np.int64), size
    for name, found in codes.items():
        step //= len(found) or 1
        positions += step * pc.index_in(table[name], pa.array(found, pa.string())).to_numpy()
    at, figures = pa.array(positions), table["obs_value"]

    def where(mask: pa.ChunkedArray, column: pa.ChunkedArray) -> dict[int, Any]:
        return dict(zip(
            at.filter(mask).to_pylist(), column.filter(mask).to_pylist(), strict=True
        ))

    status = table["obs_status"].fill_null("")
    special = pc.or_(pc.not_equal(status, NORMAL), pc.is_null(figures))
    known = {
        name: where(pc.is_valid(table[name]), table[name])
        for name in NOTES if name in table.column_names
    }
    if size > max(SMALL_CUBE, CELLS_PER_ROW * table.num_rows):
        value: Any = where(pc.is_valid(figures), figures)
    else:
        numbers, missing = np.zeros(size), np.ones(size, bool)
        numbers[positions] = figures.fill_null(0).to_numpy()
        missing[positions] = pc.is_null(figures).to_numpy()
        value = pa.array(numbers, mask=missing)
    return {"value": value, "status": where(special, status), **known}


json_stat = Distribution.described(
    "json_stat", write, package_properties=lambda _: {"type": "file"}
)
