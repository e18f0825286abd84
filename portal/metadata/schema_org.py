"""A dataset in schema.org's vocabulary, for search engines, and in Croissant's, for ML loaders.

Sources: https://developers.google.com/search/docs/appearance/structured-data/dataset, and
https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html. Croissant builds on schema.org;
its records are read from the Parquet file, whose types need no guessing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model.records.release import FileRecord
from model.reference.city import city
from model.reference.registries import Publisher
from model.util.languages import default_language, languages
from portal.content import Content
from portal.metadata.dcat import FileFormat
from portal.metadata.identifiers import dataset_urn

Node = dict[str, Any]

PARQUET = "application/vnd.apache.parquet"
CROISSANT = "http://mlcommons.org/croissant/1.1"
# As the specification gives it; mlcroissant warns of any other.
_CROISSANT_CONTEXT: Node = {
    "@vocab": "https://schema.org/", "sc": "https://schema.org/", "dct": "http://purl.org/dc/terms/",
    "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
    "conformsTo": "dct:conformsTo", "description": {"@container": "@language"},
    "name": {"@container": "@language"}, "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{name: f"cr:{name}" for name in (
        "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field",
        "fileProperty", "fileObject", "fileSet", "format", "includes", "isArray", "isLiveDataset",
        "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex",
        "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
    )},
}


@dataclass(frozen=True)
class Addresses:
    """Where things are: absolute, or relative to the page that the description stands in.

    home: the site's first page.
    page: the dataset's page.
    folder: the dataset's files, with a slash at its end; "" where they lie beside.
    """

    home: str
    page: str
    folder: str


def dataset(
    content: Content, files: Sequence[tuple[FileRecord, FileFormat]], issued: str, language: str,
    at: Addresses,
) -> Node:
    """Describe the dataset of `content` in a `language`, with its `files` and their formats.

    `issued` is when its first release came out, ISO 8601; `at` says where things are.
    """
    own, release = content.dataset, content.release
    title = own.title.get(language)
    description = own.description.get(language)
    if len(description) < 50:  # Google takes no shorter one
        description = f"{title}. {description} {content.publisher.name.get(language)}."
    node: Node = {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "@id": dataset_urn(own.id),
        "identifier": dataset_urn(own.id),
        "url": at.page,
        "name": title,
        "alternateName": [own.title.get(code) for code in languages() if code != language],
        "description": description,
        "inLanguage": language,
        "version": release.semantic_version,
        "datePublished": issued,
        "dateModified": release.issued.isoformat(),
        "license": str(content.licence.url),
        "keywords": list(own.keywords.get(language)),
        "creator": _organisation(content.publisher, language),
        "publisher": _organisation(content.contact, language),
        "includedInDataCatalog": {
            "@type": "DataCatalog", "name": city().site.title.get(language), "url": at.home,
        },
        "spatialCoverage": {
            "@type": "Place", "name": own.geography.coverage.get(language),
            **({"sameAs": own.geography.uri} if own.geography.uri else {}),
        },
        "variableMeasured": [_variable(content, code, language) for code in own.indicators],
        "distribution": [_download(record, form, at.folder) for record, form in files],
        "isAccessibleForFree": content.public,
    }
    if own.method:
        node["measurementTechnique"] = own.method.get(language)
    if release.period_first and release.period_last:
        node["temporalCoverage"] = f"{_date(release.period_first)}/{_date(release.period_last)}"
    return node


def croissant(
    content: Content, files: Sequence[tuple[FileRecord, FileFormat]], issued: str, at: Addresses
) -> Node:
    """Describe the dataset of `content` in Croissant; `files`, `issued`, `at` as for `dataset`."""
    language = default_language()
    node = dataset(content, files, issued, language, at)
    [parquet] = [record.name for record, form in files if form.media_type == PARQUET]
    for download in node["distribution"]:
        name = download["contentUrl"].removeprefix(at.folder)
        download |= {"@type": "cr:FileObject", "@id": name, "name": name}
        if name == parquet:  # mlcroissant 1.1 knows it by this name alone
            download["encodingFormat"] = "application/x-parquet"
    return {
        **node,
        "@context": {"@language": language, **_CROISSANT_CONTEXT},
        "@type": "sc:Dataset",
        "conformsTo": CROISSANT,
        "citeAs": f"{content.publisher.name.get(language)}: {node['name']},"
                  f" {_release_words(content)}. {at.page}",
        "recordSet": [{
            "@type": "cr:RecordSet",
            "@id": "observations",
            "name": "observations",
            "key": [{"@id": f"observations/{name}"} for name in content.dataset.key],
            "field": [_field(content, name, parquet, language) for name in
                      content.published_columns],
        }],
    }


def _release_words(content: Content) -> str:
    """Return version and day of the release, for citations."""
    release = content.release
    return f"{release.semantic_version}, {release.issued.date().isoformat()}"


def _field(content: Content, name: str, file: str, language: str) -> Node:
    words = content.names.column(name)
    return {
        "@type": "cr:Field",
        "@id": f"observations/{name}",
        "name": name,
        "description": words.description.get(language),
        "dataType": "sc:Float" if words.number else "sc:Text",
        "source": {"fileObject": {"@id": file}, "extract": {"column": name}},
    }


def _organisation(publisher: Publisher, language: str) -> Node:
    name = publisher.name.get(language)
    return {"@type": "Organization", "name": name, "url": str(publisher.homepage)}


def _variable(content: Content, code: str, language: str) -> Node:
    indicator = content.dataset.indicators[code]
    definition = {"description": indicator.definition.get(language)} if indicator.definition else {}
    return {
        "@type": "PropertyValue",
        "propertyID": code,
        "name": indicator.name.get(language),
        "unitText": content.registries.units[indicator.unit].name.get(language),
        **definition,
    }


def _download(record: FileRecord, form: FileFormat, folder: str) -> Node:
    return {
        "@type": "DataDownload",
        "contentUrl": folder + record.name,
        "encodingFormat": form.media_type,
        "contentSize": f"{record.bytes} B",
        "sha256": record.sha256,
    }


def _date(period: str) -> str:
    """Return a period as ISO 8601 writes dates: quarters and the like by their year."""
    found = re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", period)
    return found[0] if found else period[:4]
