"""The JSON Schema of declarations as people write them, for editors; and the fields' descriptions.

`check` is stricter: what the schema cannot say (names in other files, one of several fields) only
the model validates. A newcomer would look for descriptions in `Field(...)`: they stand in the
docstring of each model, one `name: text` a line, or below the field.
"""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from textwrap import dedent
from typing import Any, get_args

from pydantic import BaseModel

from model.declarations.computed import PROTOCOL
from model.declarations.connectors import Connectors
from model.declarations.layers import AUTHORED, DERIVED
from model.declarations.questions import Confirmation, Question
from model.declarations.source import NOT_EMPTY, RANGE, Source
from model.reference.registries import Registries

Schema = dict[str, Any]

FILE, DEFAULTS_FILE = "schema.json", "defaults.schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_RANGE = {"type": "string", "pattern": rf"^{RANGE}$", "description": "A range."}
DESCRIPTIONS_AUTHORED = {
    "extends": "The file of another declaration, which this one changes.",
    "indicator_defaults": "Fields that all indicators have unless they say otherwise.",
    "source": "Where the dataset comes from, in every profile.",
    "profiles": "Where a profile's source differs: fields that replace those of `source`, or a"
    " source with a `protocol` of its own. Without `source`, the only profiles that it has.",
    "questions": "What a person must still confirm: `openindicators confirm` asks it. The dataset"
    " is not run before.",
    "confirmed": "The answers that were given, by whom and when.",
}


def schemas(connectors: Connectors, registries: Registries) -> dict[str, Schema]:
    """Return the schemas of declarations and of their defaults, by the name of the file.

    Options are those of the `connectors`; names that are ids elsewhere those of the `registries`.
    """
    whole = connectors.dataset_type.model_json_schema()
    definitions: dict[str, Schema] = whole["$defs"]
    models = {model.__name__: model for model in _models(connectors.dataset_type)}
    for name, definition in definitions.items():
        _describe(definition, models.get(name))
    _describe(whole, connectors.dataset_type)
    _flatten_sources(definitions, connectors)
    _allow_shorthands(definitions, registries)
    definitions["IndicatorDefaults"] = {**definitions["Indicator"], "required": []}
    definitions["Indicator"]["required"] = ["name"]
    fields = {name: each for name, each in whole["properties"].items() if name not in DERIVED}
    for name in sorted(AUTHORED):
        fields[name] = {"description": DESCRIPTIONS_AUTHORED[name]}
    fields["extends"]["type"] = "string"
    fields["indicator_defaults"]["$ref"] = "#/$defs/IndicatorDefaults"
    fields["source"]["$ref"] = "#/$defs/Source"
    lists: dict[str, type[BaseModel]] = {"questions": Question, "confirmed": Confirmation}
    for name, model in lists.items():
        definitions[model.__name__] = model.model_json_schema()
        _describe(definitions[model.__name__], model)
        fields[name] |= {"type": "array", "items": {"$ref": f"#/$defs/{model.__name__}"}}
    fields["profiles"] |= {
        "type": "object", "additionalProperties": False,
        "properties": {
            profile: {"$ref": "#/$defs/SourceOverride", "description": f"In the profile {profile}."}
            for profile in ("sample", "live")
        },
    }
    _known_names(fields, definitions, registries)
    common = {
        "$schema": _DIALECT, "type": "object", "additionalProperties": False,
        "properties": dict(sorted(fields.items())), "$defs": dict(sorted(definitions.items())),
    }
    needed = {"required": ["title", "description", "keywords", "indicators"], "anyOf": [
        {"required": ["source"]}, {"required": ["profiles"]}, {"required": ["inputs"]},
    ]}
    return {
        FILE: {
            "title": "Declaration of a dataset", **common,
            "if": {"required": ["extends"]}, "then": {}, "else": needed,
        },
        DEFAULTS_FILE: {"title": "Defaults of declarations", **common},
    }


def registry_schema(title: str, parts: Mapping[str, type[BaseModel]]) -> Schema:
    """Return the schema of a registry file: a mapping from ids to entries in each of its `parts`.

    A part named "" is the file itself. `title` says what the file has.
    """
    definitions: dict[str, Schema] = {}
    fields: dict[str, Schema] = {}
    for part, kind in parts.items():
        whole = kind.model_json_schema(ref_template="#/$defs/{model}")
        known = whole.pop("$defs", {})
        for model in _models(kind):
            definition = whole if model is kind else known.get(model.__name__)
            if definition is not None:
                _describe(definition, model)
                definitions[model.__name__] = definition
        definitions |= {name: each for name, each in known.items() if name not in definitions}
        whole["properties"].pop("id")  # the key
        whole["required"].remove("id")
        fields[part] = {
            "type": "object", "additionalProperties": {"$ref": f"#/$defs/{kind.__name__}"}
        }
    entries = fields.get("") or {
        "type": "object", "additionalProperties": False, "properties": fields,
    }
    return {"$schema": _DIALECT, "title": title, **entries, "$defs": definitions}


def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Return the description of each field of a model that has one."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each.__doc__ and each is not BaseModel:
            found |= _in_docstring(each) | _below_fields(each)
    return {name: text for name, text in found.items() if name in model.model_fields}


def _in_docstring(model: type[BaseModel]) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in inspect.cleandoc(model.__doc__ or "").splitlines():
        start = re.match(r"(\w+): (.*)", line)
        if start:
            name = start[1]
            found[name] = start[2]
        elif line.startswith("    ") and name:
            found[name] += " " + line.strip()
        else:
            name = ""
    return found


def _below_fields(model: type[BaseModel]) -> dict[str, str]:
    # Pydantic's `use_attribute_docstrings` does the same at each start, in 40 ms for all options.
    body = ast.parse(dedent(inspect.getsource(model))).body[0].body  # type: ignore[attr-defined]
    found: dict[str, str] = {}
    for pair in pairwise(body):
        match pair:
            case ast.AnnAssign(ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                found[name] = " ".join(text.split())
    return found


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield a model and all that its fields hold, each once."""
    seen: dict[type[BaseModel], None] = {model: None}
    waiting = [model]
    while waiting:
        for field in waiting.pop().model_fields.values():
            for each in _in_annotation(field.annotation):
                if each not in seen:
                    seen[each] = None
                    waiting.append(each)
    yield from seen


def _in_annotation(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _in_annotation(argument)


def _describe(definition: Schema, model: type[BaseModel] | None) -> None:
    definition.pop("title", None)
    if "properties" not in definition or model is None:
        return
    summary = (inspect.cleandoc(model.__doc__ or "").splitlines() or [""])[0]
    definition["description"] = summary
    texts = descriptions(model)
    for name, field in definition["properties"].items():
        field.pop("title", None)
        if name in texts:
            field["description"] = texts[name]


def _flatten_sources(definitions: dict[str, Schema], connectors: Connectors) -> None:
    """Put the options of each connector beside `protocol`, as people write them."""
    choices = []
    every: Schema = {}
    definitions.pop(f"{PROTOCOL}_source", None)  # it follows from `inputs`
    definitions.pop("ComputedOptions", None)
    known = sorted(connectors.known.keys() - {PROTOCOL})
    for name in known:
        source = definitions[f"{name}_source"]
        reference = source["properties"].pop("options")["$ref"].rpartition("/")[2]
        options = definitions.pop(reference)
        source["properties"] |= options.get("properties", {})
        source["properties"]["protocol"] |= {"const": name}
        source["required"] = ["protocol"]
        source["description"] = options.get("description", "")
        if "indicators" in source["properties"]:
            listed = source["properties"]["indicators"]
            described = listed.pop("description", "")
            source["properties"]["indicators"] = {
                "description": described + " All of the dataset's by default; a mapping gives ours"
                " for theirs: `{gdp: NY.GDP.MKTP.CD}`.",
                "anyOf": [listed, {"type": "object", "additionalProperties": {"type": "string"}}],
            }
        every |= {
            field: {"description": each.get("description", "")}
            for field, each in source["properties"].items()
        }
        choices.append({
            "if": {"properties": {"protocol": {"const": name}}, "required": ["protocol"]},
            "then": {"$ref": f"#/$defs/{name}_source"},
        })
    described = descriptions(Source)["protocol"]
    protocol = {"enum": known, "description": described}
    definitions["Source"] = {
        "type": "object", "required": ["protocol"], "properties": {"protocol": protocol},
        "allOf": choices,
    }
    definitions["SourceOverride"] = {
        "type": "object", "if": {"required": ["protocol"]}, "then": {"$ref": "#/$defs/Source"},
        "else": {"type": "object", "additionalProperties": False, "properties": every},
    }


def _allow_shorthands(definitions: dict[str, Schema], registries: Registries) -> None:
    rule, flag = definitions["ColumnRule"], definitions["FlagRule"]
    rule["oneOf"] = [{"required": ["column"]}, {"required": ["const"]}]
    definitions["ColumnRule"] = {
        "anyOf": [{"type": "string", "description": "The source's column."}, rule]
    }
    definitions["Input"] = {
        "anyOf": [{"type": "string", "description": "The dataset's id."}, definitions["Input"]]
    }
    status = {"enum": sorted(flag["properties"]["status"]["anyOf"][0]["enum"])}
    definitions["FlagRule"] = {"anyOf": [status, flag]}
    groups = {"enum": sorted(registries.area_groups), "description": "A group of areas."}
    for definition in definitions.values():
        fields = definition.get("properties", {})
        if isinstance(where := fields.get("where"), dict) and "protocol" in fields:
            listed = where["additionalProperties"]["anyOf"][0]
            anything = {"const": NOT_EMPTY, "description": "Any value."}
            where["additionalProperties"] = {"anyOf": [listed, _RANGE, groups, anything]}
        if isinstance(areas := fields.get("areas"), dict) and "protocol" in fields:
            described = areas.pop("description", "")
            fields["areas"] = {"description": described, "anyOf": [areas, groups]}


def _known_names(fields: Schema, definitions: dict[str, Schema], registries: Registries) -> None:
    """Turn names that a registry must know into lists of them, which editors complete."""
    def known(field: Schema, names: Mapping[str, Any]) -> None:
        for key in ("type", "pattern", "minLength", "maxLength", "anyOf", "default"):
            field.pop(key, None)
        field["enum"] = sorted(names)

    known(fields["publisher"], registries.publishers)
    known(fields["contact"], registries.publishers)
    known(fields["licence"], registries.licences)
    for name in ("Indicator", "IndicatorDefaults"):
        known(definitions[name]["properties"]["unit"], registries.units)
    geography = definitions["Geography"]
    known(geography["properties"]["codelist"], registries.codelists)
    geography["required"] = []
    coverage = geography["properties"]["coverage"]
    geography["properties"]["coverage"] = {
        "description": coverage.pop("description", ""),
        "anyOf": [coverage, {"enum": sorted(registries.places)}],
    }
    known(definitions["Dimension"]["properties"]["codelist"], registries.codelists)
    rule = definitions["ColumnRule"]["anyOf"][1]
    known(rule["properties"]["codelist"], registries.codelists)
