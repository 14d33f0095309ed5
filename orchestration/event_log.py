"""Where Dagster keeps its events: its own SQLite storage in one file, with one engine for the life of the process, and one transaction
for events that come together.

Dagster makes a new SQLAlchemy engine, and so compiles every statement again, for each of the some five hundred events of a night, and
takes two to four transactions for each.
Does not belong here: what an event says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from threading import local

from dagster import EventLogEntry
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sqlite.consolidated_sqlite_event_log import (
    SQLITE_BUSY_TIMEOUT_SECONDS,
    ConsolidatedSqliteEventLogStorage,
)
from sqlalchemy import Connection, Engine, create_engine, select


class OneEngineEventLogStorage(ConsolidatedSqliteEventLogStorage):
    """The storage named in `dagster.yaml`. Reads and writes what ConsolidatedSqliteEventLogStorage does, in the same file."""

    @cached_property
    def _engine(self) -> Engine:
        return create_engine(self._conn_string, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})

    @cached_property
    def _batch(self) -> local:
        """`connection`: that of the batch this thread is writing."""
        return local()

    @cached_property
    def _tables(self) -> set[str]:
        return set()

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        batch = getattr(self._batch, "connection", None)
        if batch is not None:
            yield batch
            return
        with self._engine.connect() as connection, connection.begin():
            yield connection

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """All of them, in one transaction, or none."""
        with self._connect() as connection:
            self._batch.connection = connection
            try:
                super().store_event_batch(events)
            finally:
                self._batch.connection = None

    def delete_events_for_run(self, conn: Connection, run_id: str) -> None:
        """With the outcomes of its checks, a third of all: Dagster leaves these behind when their run is deleted."""
        super().delete_events_for_run(conn, run_id)
        checks = AssetCheckExecutionsTable
        # an index holds the runs and identifiers: the outcomes themselves, most of the file, are not read
        conn.execute(checks.delete().where(checks.c.id.in_(select(checks.c.id).where(checks.c.run_id == run_id))))

    def has_table(self, table_name: str) -> bool:
        """A table that was there stays: asked once each."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def dispose(self) -> None:
        super().dispose()
        self._engine.dispose()
