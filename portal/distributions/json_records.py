"""The observations as JSON: metadata, then one record a line.

    {"dataset": ..., "release": ..., "columns": [...], "records": [
    {"indicator": "ROOMS", "ref_area": "48", ..., "obs_value": 12.5, ...},
    ...
    ]}

Codes are strings, figures are numbers written in full, what is missing is null.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model.declarations.dataset import Dataset, Indicator
from portal.content import Content
from portal.distributions.base import Distribution, WrittenFile
from portal.distributions.row_text import PLAIN, joined, json_line
from portal.metadata.data_package import observation_schema
from portal.scope import scope_of


def write(content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
    """Write the metadata of `content` to `path`, and stream the records; `others` is unused."""
    columns, kinds = content.published_columns, content.kinds_of("data.parquet")
    plain = content.matching("data.parquet", PLAIN)
    same = content.constants_of("data.parquet")
    line = json_line({name: kinds[name] for name in columns}, plain, same)
    head = _json({**_metadata(content), "columns": columns})
    with path.open("wb") as file:
        file.write((head.removesuffix("}") + ', "records": [').encode())
        comma = 1  # none before the first record
        for lines in content.lines(f"',\n' || {line}", "data.parquet", columns):
            file.write(joined(lines)[comma:])
            comma = 0
        file.write(b"\n]}\n")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _indicator(indicator: Indicator) -> dict[str, Any]:
    found: dict[str, Any] = {"name": indicator.name.model_dump(), "unit": indicator.unit}
    if indicator.interval:  # what lower_bound and upper_bound are
        found["interval"] = indicator.interval.model_dump(exclude_none=True)
    return found


def _footnotes(dataset: Dataset) -> dict[str, Any]:
    return {name: note.model_dump(exclude_none=True) for name, note in dataset.footnotes.items()}


def _metadata(content: Content) -> dict[str, Any]:
    dataset, release = content.dataset, content.release
    return {
        "dataset": dataset.id,
        "title": dataset.title.model_dump(),
        "description": dataset.description.model_dump(),
        "release": release.number,
        "issued": release.issued.isoformat(),
        "publisher": content.publisher.name.model_dump(),
        "licence": {"id": content.licence.id, "url": str(content.licence.url)},
        "frequency": dataset.frequency,
        "scope": scope_of(content),
        "coverage": dataset.geography.coverage.model_dump(),
        "rows": release.rows,
        "indicators": {
            code: _indicator(indicator) for code, indicator in dataset.indicators.items()
        },
        **({"footnotes": _footnotes(dataset)} if dataset.footnotes else {}),
    }


json_records = Distribution.described(
    "json_records", write,
    package_properties=lambda content: {
        "type": "json", "schema": observation_schema(content), "dialect": {"property": "records"},
    },
)
