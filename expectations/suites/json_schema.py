"""The JSON Schema of suites, with which editors complete checks and their arguments.

What depends on the dataset (its columns, codes, frequency) is not in it: loading a suite checks it.
"""

from typing import Any

from expectations.checks.base import Check
from expectations.checks.registry import all_checks
from expectations.checks.values.golden import GoldenCell, GoldenCells
from expectations.suites.suite import ExpectationOptions
from model.declarations.json_schema import descriptions

Schema = dict[str, Any]

FILE = "schema.json"


def suite_schema() -> Schema:
    """Return the schema of a suite's file."""
    of_all = ExpectationOptions.model_json_schema()
    definitions: Schema = {**of_all.pop("$defs", {}), **of_all["properties"]}
    options = {name: {"$ref": f"#/$defs/{name}"} for name in of_all["properties"]}
    checks = {}
    for name, cls in all_checks().items():
        if cls is not GoldenCells:
            checks[name], more = _check(cls, options)
            definitions |= more
    golden = GoldenCell.model_json_schema()
    for name, text in descriptions(GoldenCell).items():
        golden["properties"][name]["description"] = text
    golden["description"] = "A figure that a person verified at the source."
    named = {"enum": sorted(checks)}
    entry = {"anyOf": [
        named,
        {"type": "object", "properties": checks, "additionalProperties": False,
         "minProperties": 1, "maxProperties": 1},
        {"type": "object", "required": ["type"], "additionalProperties": False,
         "properties": {"type": named, "kwargs": {"type": "object"}, **options}},
    ]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Suite of a dataset",
        "type": "object", "additionalProperties": False,
        "properties": {
            "expectations": {"type": "array", "items": entry},
            "golden": {"type": "array", "items": golden},
        },
        "$defs": definitions,
    }


def _check(cls: type[Check], options: Schema) -> tuple[Schema, Schema]:
    """Return the schema of a check's arguments, and the definitions that it names."""
    schema = cls.model_json_schema()
    definitions = schema.pop("$defs", {})
    fields = {
        name: field for name, field in schema.get("properties", {}).items()
        if name not in cls.from_declaration
    }
    # What follows from the dataset need not be given: an automatic check has it all.
    required = [name for name in schema.get("required", ()) if name in fields]
    return {
        "description": (cls.__doc__ or "").strip().partition("\n")[0],
        "type": ["object", "null"], "additionalProperties": False,
        "properties": {**fields, **options}, "required": [] if cls.automatic else required,
    }, definitions
