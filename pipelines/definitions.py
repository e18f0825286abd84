"""What `workspace.yaml` loads: the definitions of the profile in the environment."""

from __future__ import annotations

from pipelines.dagster.build import build_definitions

defs = build_definitions()
