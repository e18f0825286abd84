"""Dagster's PostgreSQL event log, with the one thing that it lacks.

Its library is an extra (`openindicators[postgres]`), so that this module is loaded by
`dagster.yaml` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster._serdes import ConfigurableClassData
from dagster_postgres.event_log import PostgresEventLogStorage

from pipelines.dagster.pool_slots import AssignsFreedSlots


class PostgresEventLog(AssignsFreedSlots, PostgresEventLogStorage):
    """`event_log_storage` of `dagster.yaml`; config: `postgres_url`."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> PostgresEventLog:
        """Make one as Dagster does from `dagster.yaml`."""
        return cls(inst_data=inst_data, **config_value)
