"""Everything that the account has besides runs, in ``records.sqlite`` below the state folder."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airflow_provider_dbtsegment.sandbox.clock import Clock

Record = Mapping[str, Any]
Id = int | str

TABLES = """
create table if not exists records (kind text, id, data text, primary key (kind, id));
create table if not exists sequences (kind text primary key, last integer);
create table if not exists sources (kind text, id, digest text, primary key (kind, id));
"""


class RecordStore:
    """Records by kind and id: read from memory, and on disk before anybody sees a change."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self.clock = clock
        self._db = sqlite3.connect(folder / "records.sqlite", check_same_thread=False)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(TABLES)
        self._kinds: dict[str, dict[Id, Record]] = {}
        self._load()

    def get(self, kind: str, record_id: Id | None) -> Record | None:
        """Return a record as it is now."""
        return None if record_id is None else self._kinds.get(kind, {}).get(record_id)

    def all(self, kind: str) -> list[Record]:
        """Return all records of a kind, oldest first. Like `get`, it waits for no writer."""
        return list(self._kinds.get(kind, {}).values())

    def next_id(self, kind: str) -> int:
        """Return a number that no record of the kind ever had."""
        with self.transaction():
            self._db.execute("insert or ignore into sequences values (?, 0)", (kind,))
            self._db.execute("update sequences set last = last + 1 where kind = ?", (kind,))
            row = self._db.execute("select last from sequences where kind = ?", (kind,))
            return int(row.fetchone()[0])

    def start_ids(self, kind: str, first: int) -> None:
        """Let the numbers of a kind begin at ``first``, unless they have begun."""
        with self.transaction():
            self._db.execute("insert or ignore into sequences values (?, ?)", (kind, first - 1))

    def put(self, kind: str, record: Record) -> Record:
        """Keep a record under its ``id``, in the place of what was there."""
        with self.transaction():
            self._db.execute(
                "insert into records values (?, ?, ?) "
                "on conflict (kind, id) do update set data = excluded.data",
                (kind, record["id"], json.dumps(record)),
            )
            self._kinds.setdefault(kind, {})[record["id"]] = record
            return record

    def remove(self, kind: str, record_id: Id) -> None:
        """Forget a record."""
        with self.transaction():
            self._db.execute("delete from records where kind = ? and id = ?", (kind, record_id))
            self._kinds.get(kind, {}).pop(record_id, None)

    def sources(self, kind: str) -> dict[Id, str]:
        """Return what the configuration said of each record when it was last read, as digests."""
        with self._lock:
            rows = self._db.execute("select id, digest from sources where kind = ?", (kind,))
            return dict(rows.fetchall())

    def set_source(self, kind: str, record_id: Id, digest: str | None) -> None:
        """Note what the configuration says of a record; None when it says nothing any more."""
        with self.transaction():
            self._db.execute("delete from sources where kind = ? and id = ?", (kind, record_id))
            if digest is not None:
                self._db.execute("insert into sources values (?, ?, ?)", (kind, record_id, digest))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all changes of the block, or none; others wait."""
        with self._lock:
            self._depth += 1
            try:
                yield
            except BaseException:
                if self._depth == 1:
                    self._db.rollback()
                    self._load()
                raise
            else:
                if self._depth == 1:
                    self._db.commit()
            finally:
                self._depth -= 1

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _load(self) -> None:
        kinds: dict[str, dict[Id, Record]] = {}
        for kind, record_id, data in self._db.execute(
            "select kind, id, data from records order by rowid"
        ):
            kinds.setdefault(kind, {})[record_id] = json.loads(data)
        self._kinds = kinds
