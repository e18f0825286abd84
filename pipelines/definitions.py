"""What `workspace.yaml` loads: the definitions of the profile in the environment."""

from __future__ import annotations

from pipelines.build import build_definitions

defs = build_definitions()
