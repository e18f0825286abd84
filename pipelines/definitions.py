"""What `workspace.yaml` loads: the definitions of the profile in the environment."""

import gc

from pipelines.dagster.build import build_definitions

defs = build_definitions()
gc.freeze()  # they stay: no collection looks at a million objects again
