"""The columns of every CSV file by W3C's standard CSV on the Web, in one group of tables.

Source: https://www.w3.org/TR/tabular-data-primer/. A reader of one of the files finds this one by
its name, `csv-metadata.json` in the same folder. `titles` are what stands in the header, so the
titles for people are in `dc:title`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model.util.languages import default_language
from model.util.text import LocalizedText
from portal.content import Content
from portal.distributions.base import Distribution, WrittenFile
from portal.metadata.dcat import texts

_DATATYPES = {"number": "double", "string": "string"}


def write(content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
    """Write the metadata of those of the `others` that are CSV with a schema to `path`.

    They are files of `content`.
    """
    tables = [
        _table(content, record.name, schema, form.title)
        for record, form in others
        if form.media_type == "text/csv"
        and (schema := form.package_properties(content).get("schema"))
    ]
    document = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": default_language()}],
        "dc:title": texts(content.dataset.title),
        "dc:license": {"@id": str(content.licence.url)},
        "dc:modified": {"@value": content.release.issued.isoformat(), "@type": "xsd:dateTime"},
        "tables": tables,
    }
    path.write_text(json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8")


def _table(
    content: Content, name: str, schema: dict[str, Any], title: LocalizedText
) -> dict[str, Any]:
    described: dict[str, Any] = {"columns": [_column(content, f) for f in schema["fields"]]}
    if key := schema.get("primaryKey"):
        described["primaryKey"] = key
    return {"url": name, "dc:title": texts(title), "tableSchema": described}


def _column(content: Content, field: dict[str, Any]) -> dict[str, Any]:
    name = field["name"]
    words = content.names.column(name)
    return {
        "name": name, "titles": name, "dc:title": texts(words.title),
        "dc:description": texts(words.description),
        "datatype": _DATATYPES[field["type"]],
        "required": field.get("constraints", {}).get("required", False),
    }


csvw_json = Distribution.described(
    "csvw_json", write, package_properties=lambda _: {"type": "file"}
)
