"""The Data Package descriptor: the files, their checksums and the meaning of their columns.

Source: Data Package Standard v2, https://datapackage.org/standard/data-package/. The standard
knows one language: Vietnamese stands in its properties, English in `title_en` and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model.declarations.dataset import Dataset
from model.records.release import FileRecord
from model.util.hashing import pretty_json
from model.util.text import Bilingual
from portal.content import Content
from portal.distributions import (
    changes_csv,
    csv_table,
    data_dictionary,
    json_records,
    parquet_file,
    xlsx_workbook,
)
from portal.metadata.identifiers import dataset_urn

title = Bilingual(vi="Data Package", en="Data Package")
purpose = Bilingual(
    vi="Mô tả máy đọc được của mọi tệp: cột, kiểu, giấy phép, mã kiểm tra.",
    en="A machine-readable description of all files: columns, types, licence, checksums.",
)
media_type = "application/vnd.datapackage+json"
file_type = "JSON"

_DIALECT = {"delimiter": ",", "doubleQuote": True, "lineTerminator": "\r\n", "header": True}


def file_name(dataset: Dataset) -> str:
    """Return the name that the standard gives."""
    return "datapackage.json"


def write(content: Content, path: Path, others: Sequence[FileRecord]) -> None:
    """Write the descriptor of the files that were written before."""
    path.write_text(pretty_json(descriptor(content, others)), encoding="utf-8", newline="\n")


def descriptor(content: Content, files: Sequence[FileRecord]) -> dict[str, Any]:
    """Return the descriptor as data."""
    dataset, release = content.dataset, content.release
    publisher, licence = content.publisher, content.licence
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": f"{dataset.sector}-{dataset.name}".replace("_", "-"),
        "id": dataset_urn(dataset.id),
        "title": dataset.title.vi,
        "title_en": dataset.title.en,
        "description": dataset.description.vi,
        "description_en": dataset.description.en,
        "version": f"{release.number}.0.0",
        "created": release.issued.isoformat(),
        "keywords": [*dataset.keywords.vi, *dataset.keywords.en],
        "licenses": [{"name": licence.id, "path": str(licence.url), "title": licence.title.vi}],
        "sources": [{"title": publisher.name.vi, "path": str(publisher.homepage)}],
        "contributors": [
            {
                "title": publisher.name.vi,
                "path": str(publisher.homepage),
                "roles": ["creator", "publisher"],
            },
            {
                "title": content.contact.name.vi,
                "path": str(content.contact.homepage),
                "roles": ["contact"],
                **({"email": content.contact.email} if content.contact.email else {}),
            },
        ],
        "resources": [_resource(content, file) for file in files],
    }


def _resource(content: Content, file: FileRecord) -> dict[str, Any]:
    suffix = file.name.rsplit(".", 1)[-1]
    base = {
        "name": file.name.replace(".", "-").replace("_", "-"),
        "path": file.name,
        "format": suffix,
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
    }
    dataset = content.dataset
    if file.name == csv_table.file_name(dataset):
        return _table(base, "text/csv", observation_schema(content), _DIALECT)
    if file.name == data_dictionary.file_name(dataset):
        fields = [{"name": name, "type": "string"} for name in data_dictionary.HEADER]
        return _table(base, "text/csv", {"fields": fields, "missingValues": [""]}, _DIALECT)
    if file.name == changes_csv.file_name(dataset):
        fields = [_field(content, name) for name in content.columns_of("changes.parquet")]
        return _table(base, "text/csv", {"fields": fields, "missingValues": [""]}, _DIALECT)
    if file.name == parquet_file.file_name(dataset):
        return _table(base, parquet_file.media_type, observation_schema(content), None)
    if file.name == json_records.file_name(dataset):
        dialect = {"property": "records"}
        return _table(base, json_records.media_type, observation_schema(content), dialect)
    if file.name == xlsx_workbook.file_name(dataset):
        dialect = {"sheetName": xlsx_workbook.DATA_SHEET}
        return _table(base, xlsx_workbook.media_type, observation_schema(content), dialect)
    return {**base, "mediatype": "application/json", "encoding": "utf-8"}


def _table(
    base: dict[str, Any], mediatype: str, schema: dict[str, Any], dialect: dict[str, Any] | None
) -> dict[str, Any]:
    found = {**base, "type": "table", "mediatype": mediatype, "schema": schema}
    if mediatype.startswith("text/") or mediatype.endswith("json"):
        found["encoding"] = "utf-8"
    if dialect:
        found["dialect"] = dialect
    return found


def observation_schema(content: Content) -> dict[str, Any]:
    """Return the Table Schema of the observations."""
    return {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "fields": [_field(content, name) for name in content.dataset.columns],
        "primaryKey": list(content.dataset.key),
        "missingValues": [""],
    }


def _field(content: Content, name: str) -> dict[str, Any]:
    column = content.column(name)
    return {
        "name": name,
        "type": "number" if column.number else "string",
        "title": column.title.vi,
        "title_en": column.title.en,
        "description": column.description.vi,
        "description_en": column.description.en,
        "constraints": {"required": name in content.dataset.key or name == "change"},
    }
