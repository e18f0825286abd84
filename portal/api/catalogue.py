"""The static JSON API: `api/datasets.json`, the list of datasets, and its OpenAPI description."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from model.reference.city import city
from model.reference.registries import Registries
from model.util.languages import default_language, languages
from model.util.text import plain
from portal.distributions.registry import DISTRIBUTIONS
from portal.site_folder.addresses import dataset_page
from portal.site_folder.state import DatasetState
from portal.targets.exports import CSV as TARGETS_CSV
from portal.targets.exports import JSON as TARGETS_JSON
from portal.targets.exports import TargetScorecard

Json = dict[str, Any]

DATASETS, OPENAPI = "api/datasets.json", "api/openapi.json"
VERSION = "1.0.0"  # of this API: major when a path or a field goes


def listed(states: Sequence[DatasetState], registries: Registries, base_url: str | None) -> Json:
    """Return the list of the datasets with these `states`.

    `registries` name licences; addresses start with the `base_url`, the site's address with a slash
    at the end, or from the site's first folder.
    """
    return {
        "title": city().site.title.model_dump(),
        "languages": list(languages()),
        "datasets": [_entry(state, registries, base_url or "") for state in states],
    }


def _entry(state: DatasetState, registries: Registries, root: str) -> Json:
    folder = f"{root}datasets/{state.dataset}/"
    forms = {form.name.format(name=state.name): form for form in DISTRIBUTIONS}
    current = state.of_release(state.release)
    return {
        "id": state.dataset,
        "sector": state.sector,
        "sector_title": registries.sectors[state.sector].title.model_dump(),
        "name": state.name,
        "title": state.title.model_dump(),
        "description": state.description.model_dump(),
        "keywords": state.keywords.model_dump(),
        "publisher": {"id": state.publisher_id, "name": state.publisher.model_dump()},
        "licence": {
            "id": state.licence_id, "title": state.licence.model_dump(),
            "url": str(registries.licences[state.licence_id].url),
        },
        "frequency": state.frequency,
        "coverage": state.coverage.model_dump(),
        "codelist": state.codelist,
        "scope": state.scope,
        "public": state.public,
        "ended": state.ended.model_dump() if state.ended else None,
        "indicators": [item.model_dump(mode="json") for item in state.indicators],
        "release": state.release,
        "version": current.version if current else None,
        "issued": state.issued.isoformat(),
        "rows": state.rows,
        "period_first": state.period_first,
        "period_last": state.period_last,
        "details": f"{folder}dataset.json",
        "pages": {code: root + dataset_page(state.dataset, code) for code in languages()},
        "files": [
            {
                "url": folder + file.name, "media_type": forms[file.name].media_type,
                "title": forms[file.name].title.model_dump(), "bytes": file.bytes,
                "sha256": file.sha256,
            }
            for file in (current.files if current else ())
        ],
    }


def openapi(base_url: str | None, targets: bool) -> Json:
    """Return the description of the API by OpenAPI 3.1; `base_url` is as for `listed`.

    Files of `targets` are described where the city has some.
    """
    described: list[type[BaseModel]] = [DatasetState, *([TargetScorecard] if targets else [])]
    _, schemas = models_json_schema(
        [(each, "serialization") for each in described],
        ref_template="#/components/schemas/{model}",
    )
    sector = _parameter("sector", "The sector of the dataset, e.g. `finance`.")
    dataset = _parameter("dataset", "The name of the dataset in its sector, e.g. `gdp`.")
    names = ", ".join(f"`{form.name.format(name='<dataset>')}`" for form in DISTRIBUTIONS)
    file = _parameter("file", f"The name of the file: {names}.")
    release = _parameter("release", "The number of an earlier release.", "integer")
    codelist = _parameter("codelist", "The id of the codelist, from the index.")
    of_sector = _parameter("sector", "The id of a sector.")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": plain(city().site.title.get(default_language())), "version": VERSION,
            "description": "Plain files: any web server answers these requests. Addresses in the"
                           " answers are absolute where the site knows its own.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": (base_url or "../").removesuffix("/") or ".."}],
        "security": [],
        "paths": {
            f"/{DATASETS}": _get("listDatasets", "All datasets, with their files", "DatasetList"),
            "/datasets/{sector}/{dataset}/dataset.json": _get(
                "getDataset", "A dataset with all its releases", "DatasetState", sector, dataset
            ),
            "/datasets/{sector}/{dataset}/{file}": _get(
                "getFile", "A file of the newest release: observations and metadata", None,
                sector, dataset, file,
            ),
            "/datasets/{sector}/{dataset}/releases/{release}/{file}": _get(
                "getReleaseFile", "The same file of an earlier release", None,
                sector, dataset, release, file,
            ),
            "/codelists/index.json": _get("listCodelists", "All codelists", "Index"),
            "/codelists/{codelist}.csv": _get(
                "getCodelist", "A codelist as CSV; `.ttl` and `.jsonld` are SKOS", None, codelist
            ),
            "/bulk/index.json": _get("listBulk", "The bulk files, with checksums", "Index"),
            "/bulk/{sector}.zip": _get(
                "getSector", "The CSV files of a sector with their metadata", None, of_sector
            ),
            "/bulk/{sector}.parquet": _get(
                "getSectorFigures", "All observations of a sector", None, of_sector
            ),
            **({
                f"/{TARGETS_JSON}": _get(
                    "getTargets", "The targets in force, assessed, with their counts",
                    "TargetScorecard",
                ),
                f"/{TARGETS_CSV}": _get("getTargetsTable", "The same as a table", None),
            } if targets else {}),
            "/catalog.jsonld": _get("getCatalogue", "The catalogue in DCAT-AP 3", "Index"),
        },
        "components": {"schemas": {
            **schemas["$defs"],
            "Index": {"type": "object"},
            "DatasetList": _dataset_list(),
        }},
    }


def _dataset_list() -> Json:
    text: Json = {"type": "object", "additionalProperties": {"type": "string"}}
    file = {"type": "object", "required": ["url", "media_type", "bytes", "sha256"], "properties": {
        "url": {"type": "string"}, "media_type": {"type": "string"}, "title": text,
        "bytes": {"type": "integer"}, "sha256": {"type": "string"},
    }}
    entry = {"type": "object", "required": ["id", "title", "release", "files"], "properties": {
        "id": {"type": "string"}, "title": text, "description": text,
        "release": {"type": "integer"}, "files": {"type": "array", "items": file},
    }}
    return {"type": "object", "required": ["title", "datasets"], "properties": {
        "title": text, "datasets": {"type": "array", "items": entry},
    }}


def _parameter(name: str, description: str, kind: str = "string") -> Json:
    return {
        "name": name, "in": "path", "required": True, "description": description,
        "schema": {"type": kind},
    }


def _get(operation: str, summary: str, schema: str | None, *parameters: Json) -> Json:
    """Return a path that is read; without a `schema`, what it answers is no JSON of ours."""
    content: Json = (
        {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
        if schema else {"*/*": {}}
    )
    return {"get": {
        "operationId": operation, "summary": summary, "parameters": list(parameters),
        "responses": {
            "200": {"description": summary, "content": content},
            "404": {"description": "There is no such file"},
        },
    }}
