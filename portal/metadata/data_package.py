"""The Data Package descriptor: the files, their checksums and the meaning of their columns.

Source: Data Package Standard v2, https://datapackage.org/standard/data-package/. The standard
knows one language: Vietnamese stands in its properties, English in `title_en` and so on. What is
said of a single file comes from its distribution (`package_properties`).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from model.records.release import FileRecord
from portal.content import Content
from portal.metadata.identifiers import dataset_urn
from portal.scope import scope_of

Properties = dict[str, Any]

_CSV_DIALECT = {"delimiter": ",", "doubleQuote": True, "lineTerminator": "\r\n", "header": True}


def descriptor(content: Content, files: Iterable[tuple[FileRecord, str, Properties]]) -> Properties:
    """Return the descriptor of `content` as data.

    Each of the `files` comes with its media type and the properties that its distribution gives.
    """
    dataset, release = content.dataset, content.release
    publisher, contact, licence = content.publisher, content.contact, content.licence
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": f"{dataset.sector}-{dataset.name}".replace("_", "-"),
        "id": dataset_urn(dataset.id),
        "title": dataset.title.get("vi"),
        "title_en": dataset.title.get("en"),
        "description": dataset.description.get("vi"),
        "description_en": dataset.description.get("en"),
        "version": f"{release.number}.0.0",
        "created": release.issued.isoformat(),
        "scope": scope_of(content),
        "keywords": [*dataset.keywords.get("vi"), *dataset.keywords.get("en")],
        "licenses": [
            {"name": licence.id, "path": str(licence.url), "title": licence.title.get("vi")}
        ],
        "sources": [{"title": publisher.name.get("vi"), "path": str(publisher.homepage)}],
        "contributors": [
            {
                "title": publisher.name.get("vi"),
                "path": str(publisher.homepage),
                "roles": ["creator", "publisher"],
            },
            {
                "title": contact.name.get("vi"),
                "path": str(contact.homepage),
                "roles": ["contact"],
                **({"email": contact.email} if contact.email else {}),
            },
        ],
        "resources": [_resource(*each) for each in files],
    }


def _resource(file: FileRecord, media_type: str, properties: Properties) -> Properties:
    found = {
        "name": file.name.replace(".", "-").replace("_", "-"),
        "path": file.name,
        "format": file.name.rsplit(".", 1)[-1],
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
        "mediatype": media_type,
    }
    if media_type.startswith("text/") or media_type.endswith("json"):
        found["encoding"] = "utf-8"
    return {**found, **properties}


def csv_properties(schema: Properties) -> Properties:
    """Return the properties of a CSV file, as `portal.distributions.csv_text` writes it."""
    return {"type": "table", "schema": schema, "dialect": _CSV_DIALECT}


def observation_schema(content: Content) -> Properties:
    """Return the Table Schema of the observations."""
    schema = table_schema(content, content.published_columns)
    return {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        **schema,
        "primaryKey": list(content.dataset.key),
    }


def table_schema(content: Content, columns: Sequence[str]) -> Properties:
    """Return the Table Schema of a table of `content`, by the names of its `columns`."""
    return {"fields": [_field(content, name) for name in columns], "missingValues": [""]}


def _field(content: Content, name: str) -> Properties:
    column = content.names.column(name)
    return {
        "name": name,
        "type": "number" if column.number else "string",
        "title": column.title.get("vi"),
        "title_en": column.title.get("en"),
        "description": column.description.get("vi"),
        "description_en": column.description.get("en"),
        "constraints": {"required": name in content.dataset.key or name == "change"},
    }
