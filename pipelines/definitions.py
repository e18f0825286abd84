"""What `workspace.yaml` loads: the definitions of the profile in the environment."""

from model.util.garbage_collector import paused_collector
from pipelines.dagster.build import build_definitions

with paused_collector("definitions"):
    defs = build_definitions()
