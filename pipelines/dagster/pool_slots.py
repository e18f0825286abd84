"""A place of a pool that becomes free is given to the step that waits for it."""

from __future__ import annotations

from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._utils.concurrency import ConcurrencyClaimStatus


class AssignsFreedSlots(SqlEventLogStorage):
    """Mends a gap of Dagster's event logs in which a run waits for ever.

    Dagster 1.13 asks for a free slot and enters the step that waits in two transactions. Where
    another process frees the slot in between, nobody would ever assign it to this step.
    """

    def claim_concurrency_slot(
        self, concurrency_key: str, run_id: str, step_key: str, priority: int | None = None
    ) -> ConcurrencyClaimStatus:
        """Return whether a step has the slot of a pool for which it may wait."""
        asked = concurrency_key, run_id, step_key, priority
        status = super().claim_concurrency_slot(*asked)
        if not status.is_assigned and self.has_unassigned_slots(concurrency_key):
            self.assign_pending_steps([concurrency_key])
            status = super().claim_concurrency_slot(*asked)
        return status
