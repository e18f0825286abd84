"""`openindicators schema`: the JSON Schema of declarations, which editors read."""

import json

from model.declarations.json_schema import schemas
from model.reference.registries import Registries, load_registries
from model.util.disk import write_if_changed
from pipelines.cli.terminal import out
from pipelines.settings import Settings
from sources.connectors.registry import CONNECTORS

# The first line of a declaration in assets/<sector>/.
SCHEMA_LINE = "# yaml-language-server: $schema=../schema.json"


def write_schemas(settings: Settings, registries: Registries) -> None:
    """Write the schemas beside the sectors' folders of the project."""
    for name, schema in schemas(CONNECTORS, registries).items():
        path = settings.declarations / name
        write_if_changed(path, json.dumps(schema, ensure_ascii=False, indent=1) + "\n")


def schema() -> int:
    """Write the schemas, and say where."""
    settings = Settings.from_environment()
    write_schemas(settings, load_registries())
    out.print(f"Written to {settings.declarations}: schema.json, defaults.schema.json")
    out.print("A declaration names its schema in its first line:")
    out.print(SCHEMA_LINE, markup=False)
    return 0
