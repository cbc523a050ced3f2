"""What has changed for one mapping since its last sync, and what of it was delivered.

A mapping's snapshot is a Parquet file with the rows that its destination has accepted. Rows that
were refused never enter it, so that the next sync finds them changed again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import duckdb

from .identifiers import check_identifiers
from .sql import literal
from .stop import StopSignal

_COLUMNS = "id VARCHAR, hash VARCHAR, row VARCHAR"


@dataclass(frozen=True)
class Change:
    """One row to deliver; ``row`` is a JSON object, for a deleted row the last one delivered."""

    number: int
    operation: str
    id: str
    row: str


@dataclass(frozen=True)
class Counts:
    """Changed rows by operation."""

    added: int
    updated: int
    deleted: int


class Changes:
    """The changes of one sync, on a DuckDB of their own that spills to ``scratch``.

    :param rows: the extracted rows, see ``extract``.
    :param snapshot: the mapping's snapshot; it may not exist yet.
    """

    def __init__(self, rows: Path, snapshot: Path, scratch: Path, stop: StopSignal) -> None:
        self._rows = rows
        self._snapshot = snapshot
        self._stop = stop
        self._processed = 0
        self._refused = 0
        self._connection = duckdb.connect(config={"temp_directory": str(scratch)})

    def __enter__(self) -> Changes:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def compute(self, identifier: str) -> Counts:
        """Compare the rows with the snapshot.

        :raises SyncFailed: the column ``identifier`` does not identify the rows.
        """
        with self._stop.interrupting(self._connection.interrupt):
            check_identifiers(self._connection, identifier, self._rows)
            self._connection.execute(self._last_delivered())
            self._connection.execute(self._comparison())
            self._connection.execute("CREATE TABLE refused (number BIGINT)")
            counted = self._connection.execute(
                "SELECT operation, count(*) FROM changes GROUP BY operation"
            )
            counts = dict(counted.fetchall())
        return Counts(counts.get("added", 0), counts.get("updated", 0), counts.get("deleted", 0))

    def batches(self, size: int) -> Iterator[list[Change]]:
        """Yield the changes in the query's order, the deleted ones last."""
        start = 0
        while True:
            found = self._connection.execute(
                "SELECT number, operation, id, row FROM changes WHERE number > ? AND number <= ? "
                "ORDER BY number",
                [start, start + size],
            )
            batch = [Change(*values) for values in found.fetchall()]
            if not batch:
                return
            yield batch
            start += size

    def settle(self, batch: Sequence[Change], refused: Sequence[int]) -> None:
        """Note that a batch was processed and which of its numbers the destination refused."""
        if refused:
            self._connection.execute(
                "INSERT INTO refused SELECT unnest(CAST(? AS BIGINT[]))", [list(refused)]
            )
            self._refused += len(refused)
        self._processed = batch[-1].number

    def remember(self) -> None:
        """Write the snapshot anew, with what was delivered up to now."""
        if self._processed == self._refused:
            return
        self._snapshot.parent.mkdir(parents=True, exist_ok=True)
        partial = self._snapshot.with_name(self._snapshot.name + ".partial")
        self._connection.execute(
            f"""
            CREATE TEMP VIEW delivered AS
            SELECT * FROM changes
            WHERE number <= {self._processed} AND number NOT IN (SELECT number FROM refused)
            """  # noqa: S608
        )
        self._connection.execute(
            f"""
            COPY (
                SELECT id, hash, row FROM last WHERE id NOT IN (SELECT id FROM delivered)
                UNION ALL
                SELECT id, hash, row FROM delivered WHERE operation <> 'deleted'
            ) TO {literal(str(partial))} (FORMAT parquet, COMPRESSION zstd)
            """  # noqa: S608
        )
        os.replace(partial, self._snapshot)

    def _last_delivered(self) -> str:
        if not self._snapshot.exists():
            return f"CREATE TABLE last ({_COLUMNS}, file_row_number BIGINT)"
        path = literal(str(self._snapshot))
        return f"CREATE VIEW last AS FROM read_parquet({path}, file_row_number = true)"

    def _comparison(self) -> str:
        return f"""
            CREATE TABLE changes AS
            SELECT row_number() OVER (ORDER BY operation = 'deleted', place) AS number, *
            EXCLUDE (place)
            FROM (
                SELECT
                    CASE
                        WHEN last.id IS NULL THEN 'added'
                        WHEN new.id IS NULL THEN 'deleted'
                        ELSE 'updated'
                    END AS operation,
                    coalesce(new.id, last.id) AS id,
                    coalesce(new.hash, last.hash) AS hash,
                    coalesce(new.row, last.row) AS row,
                    coalesce(new.file_row_number, last.file_row_number) AS place
                FROM read_parquet({literal(str(self._rows))}, file_row_number = true) AS new
                FULL JOIN last ON new.id = last.id
                WHERE new.hash IS DISTINCT FROM last.hash
            )
            ORDER BY number
        """  # noqa: S608
