"""The Data Package descriptor: the files, their checksums and the meaning of their columns.

Source: Data Package Standard v2, https://datapackage.org/standard/data-package/. The standard
knows one language: the first of the city stands in its properties, others in
`title_en` and so on. What is
said of a single file comes from its distribution (`package_properties`).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from model.records.release import FileRecord
from model.util.languages import default_language, languages
from model.util.text import LocalizedText
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
    first = default_language()
    publisher, contact, licence = content.publisher, content.contact, content.licence
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": f"{dataset.sector}-{dataset.name}".replace("_", "-"),
        "id": dataset_urn(dataset.id),
        **_texts("title", dataset.title),
        **_texts("description", dataset.description),
        "version": release.semantic_version,
        "created": release.issued.isoformat(),
        "scope": scope_of(content),
        "keywords": [word for code in languages() for word in dataset.keywords.get(code)],
        "licenses": [
            {"name": licence.id, "path": str(licence.url), "title": licence.title.get(first)}
        ],
        "sources": [{"title": publisher.name.get(first), "path": str(publisher.homepage)}],
        "contributors": [
            {
                "title": publisher.name.get(first),
                "path": str(publisher.homepage),
                "roles": ["creator", "publisher"],
            },
            {
                "title": contact.name.get(first),
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


def _texts(name: str, text: LocalizedText) -> Properties:
    """Return a property of this name, in the first language, and one for each other language."""
    first, *others = languages()
    return {name: text.get(first), **{f"{name}_{code}": text.get(code) for code in others}}


def _field(content: Content, name: str) -> Properties:
    column = content.names.column(name)
    return {
        "name": name,
        "type": "number" if column.number else "string",
        **_texts("title", column.title),
        **_texts("description", column.description),
        "constraints": {"required": name in content.dataset.key or name == "change"},
    }
