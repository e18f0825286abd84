"""`openindicators schema`: the JSON Schemas of declarations and suites, which editors read."""

import json

from expectations.suites import json_schema
from model.declarations.json_schema import registry_schema, schemas
from model.reference.registries import Registries, load_registries
from model.reference.targets import SectorIndicator, Target, TargetDocument
from model.util.disk import write_if_changed
from pipelines.cli.terminal import out
from pipelines.settings import Settings
from sources.connectors.registry import CONNECTORS

# The first line of a declaration in assets/<sector>/, and of a suite in expectations/<sector>/.
SCHEMA_LINE = "# yaml-language-server: $schema=../schema.json"


def write_schemas(settings: Settings, registries: Registries) -> None:
    """Write the schemas beside the sectors' folders of the project."""
    found = {
        settings.declarations / name: schema
        for name, schema in schemas(CONNECTORS, registries).items()
    }
    found[settings.suites / json_schema.FILE] = json_schema.suite_schema()
    if registries.targets.targets:
        registry = settings.project / "registry"
        found[registry / "targets.schema.json"] = registry_schema(
            "Targets", {"documents": TargetDocument, "targets": Target}
        )
        found[registry / "sector_indicators.schema.json"] = registry_schema(
            "Indicators of sectors", {"": SectorIndicator}
        )
    for path, schema in found.items():
        write_if_changed(path, json.dumps(schema, ensure_ascii=False, indent=1) + "\n")


def schema() -> int:
    """Write the schemas, and say where."""
    settings = Settings.from_environment()
    write_schemas(settings, load_registries(settings.project))
    out.print(f"Written to {settings.declarations}: schema.json, defaults.schema.json")
    out.print(f"Written to {settings.suites}: {json_schema.FILE}")
    out.print("A declaration or suite names its schema in its first line:")
    out.print(SCHEMA_LINE, markup=False)
    return 0
