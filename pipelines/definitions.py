"""What `workspace.yaml` loads: the definitions of the profile in the environment."""

from pipelines.dagster.build import build_definitions

defs = build_definitions()
