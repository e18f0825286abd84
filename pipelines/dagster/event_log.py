"""Dagster's SQLite event log, with its connections kept and its events written in groups.

Dagster 1.13 makes a new SQLAlchemy engine, a new connection and up to four transactions for every
event, and asks for every check result whether the table of check results exists. Here connections
are kept, and events wait in memory until a step begins or ends, or somebody reads: then they are
written in one transaction, with one statement for each table. A dataset with 40 checks and nothing
to do takes 0.12 s of processor time in place of 1.6 s (`python -m bench.dagster_events --datasets
5`). The files, their lock and WAL mode are Dagster's own: the UI and other processes read them as
before. No event waits for the disk; a process that is killed loses those of the step it was in,
which only describe what the data folder records itself.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from dagster import AssetCheckEvaluation, DagsterEventType
from dagster._core.events import (
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
)
from dagster._serdes import ConfigurableClassData
from sqlalchemy import bindparam, create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool

from pipelines.dagster.pool_slots import AssignsFreedSlots

BUSY_TIMEOUT_SECONDS = 60
MOST_WAITING = 200  # events in memory
# What happens within a step, or before the first one.
_WAIT = {
    DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    DagsterEventType.ASSET_CHECK_EVALUATION,
    DagsterEventType.ASSET_MATERIALIZATION,
    DagsterEventType.STEP_OUTPUT,
    DagsterEventType.HANDLED_OUTPUT,
}
_INDEXED = {*ASSET_EVENTS, *ASSET_CHECK_EVENTS, *EVENT_TYPE_TO_PIPELINE_RUN_STATUS}
_EVENTS, _CHECKS = SqlEventLogStorageTable, AssetCheckExecutionsTable
_EVENT_IN_INDEX = _EVENTS.insert().returning(_EVENTS.c.id, sort_by_parameter_order=True)
_KEY = ("asset_key", "check_name", "run_id")
_EVALUATION = (
    _CHECKS.update()
    .where(*(_CHECKS.c[name] == bindparam(f"new_{name}") for name in _KEY))
    .where(_CHECKS.c.partition.is_(None))
    .values({name: bindparam(f"new_{name}") for name in (
        "execution_status", "evaluation_event", "evaluation_event_timestamp",
        "evaluation_event_storage_id", "materialization_event_storage_id",
    )})
)
_TABLES = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"


def _without_a_sync_for_each_event(connection: Any, _record: Any) -> None:
    # In WAL mode the file stays whole; a power cut may take the last events, which only describe
    # what the data folder records itself (https://www.sqlite.org/pragma.html#pragma_synchronous).
    connection.execute("PRAGMA synchronous=NORMAL")


class GroupedEventLog(AssignsFreedSlots, SqliteEventLogStorage):
    """`event_log_storage` of `dagster.yaml`; config: `base_dir`."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._waiting: list[EventLogEntry] = []
        self._waiting_lock = threading.RLock()
        self._transaction = threading.local()  # .connections: shard -> connection, while writing
        self._tables: set[str] = set()
        self._columns: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> GroupedEventLog:
        """Make one as Dagster does from `dagster.yaml`."""
        return cls(inst_data=inst_data, **config_value)

    def has_table(self, table_name: str) -> bool:
        """Return whether the index has a table; one that was there stays."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def store_event(self, event: EventLogEntry) -> None:
        """Store an event, together with those that wait, or let it wait for the next ones."""
        with self._waiting_lock:
            self._waiting.append(event)
            of_a_step = bool(event.run_id and event.step_key)
            waits = of_a_step and event.dagster_event_type in _WAIT
            if not waits or len(self._waiting) >= MOST_WAITING:
                self._write_waiting()

    def _write_waiting(self) -> None:
        """Write the waiting events, those of each run in one transaction of each file."""
        with self._waiting_lock:
            events, self._waiting = self._waiting, []
            while events:
                run = events[0].run_id
                together = [each for each in events if each.run_id == run]
                events = [each for each in events if each.run_id != run]
                with self._one_transaction():
                    self._write(together)

    def _write(self, events: Sequence[EventLogEntry]) -> None:
        """Write events of one run as Dagster writes each: to its file, and to the index some."""
        rows = [self._event_to_row(each) for each in events]
        with self.run_connection(events[0].run_id) as connection:
            connection.execute(_EVENTS.insert(), rows)
        indexed = [pair for pair in zip(events, rows, strict=True)
                   if pair[0].dagster_event_type in _INDEXED]
        if not indexed:
            return
        with self.index_connection() as connection:
            found = connection.scalars(_EVENT_IN_INDEX, [row for _, row in indexed]).all()
            planned, evaluated = [], []
            for (each, row), number in zip(indexed, found, strict=True):
                kind = each.dagster_event_type
                if kind in ASSET_EVENTS:
                    self._store_asset_event_tags(connection, [each], [number])
                    self._store_asset_event(connection, each, number)
                elif kind is DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED:
                    planned.append(self._check_row(each, row, number))
                elif kind is DagsterEventType.ASSET_CHECK_EVALUATION and each.run_id:
                    evaluated.append((each, self._check_row(each, row, number)))
                elif kind in ASSET_CHECK_EVENTS:  # reported outside of a run
                    self.store_asset_check_event(each, number)
            if planned:
                connection.execute(_CHECKS.insert(), planned)
            if evaluated:
                updated = connection.execute(_EVALUATION, [
                    {f"new_{name}": value for name, value in row.items()} for _, row in evaluated
                ]).rowcount
                if updated != len(evaluated):  # one was not planned, as where the UI runs it alone
                    for each, row in evaluated:
                        self.store_asset_check_event(each, row["evaluation_event_storage_id"])

    def _check_row(
        self, entry: EventLogEntry, row: Mapping[str, Any], number: int
    ) -> dict[str, Any]:
        """Return the row of the check that an event (`entry`) plans or evaluates.

        `row` is that of the event, `number` its id in the index.
        """
        said: Any = entry.get_dagster_event().event_specific_data
        status, target = AssetCheckExecutionRecordStatus.PLANNED, None
        if isinstance(said, AssetCheckEvaluation):
            done = AssetCheckExecutionRecordStatus
            status = done.SUCCEEDED if said.passed else done.FAILED
            target = said.target_materialization_data
        return {
            "asset_key": said.asset_key.to_string(), "check_name": said.check_name,
            "run_id": entry.run_id, "execution_status": status.value,
            "evaluation_event": row["event"], "evaluation_event_timestamp": row["timestamp"],
            "evaluation_event_storage_id": number,
            "materialization_event_storage_id": target.storage_id if target else None,
        }

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        if column_name not in self._columns:
            if not super()._has_asset_key_col_on_connection(conn, column_name):
                return False
            self._columns.add(column_name)
        return True

    @contextmanager
    def _one_transaction(self) -> Iterator[None]:
        """Let this thread's connections share a transaction for each file until the end."""
        with self._db_lock, ExitStack() as stack:
            self._transaction.connections = {}
            self._transaction.stack = stack
            try:
                yield
            finally:
                self._transaction.connections = None

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        shared = getattr(self._transaction, "connections", None)
        if shared is not None:
            if shard not in shared:
                enter = self._transaction.stack.enter_context
                shared[shard] = enter(self._engine(shard).connect())
                enter(shared[shard].begin())
            yield shared[shard]
            return
        self._write_waiting()
        with self._db_lock, self._engine(shard).connect() as connection, connection.begin():
            yield connection

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.get(shard)
        if engine is None:
            if shard != INDEX_SHARD_NAME:
                for other in [name for name in self._engines if name != INDEX_SHARD_NAME]:
                    self._engines.pop(other).dispose()  # an earlier run's file is done with
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=QueuePool,
                pool_size=1,
                connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            event.listen(engine, "connect", _without_a_sync_for_each_event)
            self._engines[shard] = engine
        if shard not in self._initialized_dbs:
            if shard != INDEX_SHARD_NAME:  # Dagster has made that one
                self._make_tables(engine)
            self._initialized_dbs.add(shard)
        return engine

    def _make_tables(self, engine: Engine) -> None:
        """Make the file of a run, at `engine`, with the tables of the index.

        Dagster asks Alembic, which reads all of its scripts for each file.
        """
        with self._engine(INDEX_SHARD_NAME).connect() as index:
            tables = index.exec_driver_sql(_TABLES).fetchall()
            revision = index.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        with engine.connect() as file:
            file.exec_driver_sql("PRAGMA journal_mode=WAL")
            file.exec_driver_sql("BEGIN IMMEDIATE")
            if not file.exec_driver_sql(_TABLES).fetchall():
                for (table,) in tables:
                    file.exec_driver_sql(table)
                file.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (revision,))
            file.commit()

    def dispose(self) -> None:
        """Write what waits, and close the kept connections."""
        self._write_waiting()
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()
