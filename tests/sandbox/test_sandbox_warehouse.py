"""One DuckDB file, used by one at a time."""

import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from airflow_provider_dbtsegment.sandbox.warehouse import (
    Warehouse,
    WarehouseBusyError,
    WarehouseMissingError,
)

HOLD = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
"""


def make(path: Path) -> Warehouse:
    """Make a file with one row in it."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table t as select 7 as n")
    return Warehouse(path)


def test_a_turn_is_had_by_path(tmp_path: Path) -> None:
    """Two objects for the same file share the turn, two files do not."""
    mine, same = Warehouse(tmp_path / "a.duckdb"), Warehouse(tmp_path / "x" / ".." / "a.duckdb")
    other = Warehouse(tmp_path / "b.duckdb")
    with (
        mine.exclusive(),
        other.exclusive(0.1),
        pytest.raises(WarehouseBusyError, match="in use by another step"),
    ):
        same.exclusive(0.05).__enter__()
    with same.exclusive(0.1):
        pass


def test_reading_waits_for_the_turn_and_cannot_write(tmp_path: Path) -> None:
    """A reader gets the file once the one before has given it back."""
    warehouse = make(tmp_path / "a.duckdb")
    rows: list[object] = []

    def read() -> None:
        with warehouse.read() as connection:
            rows.extend(connection.execute("select n from t").fetchall())
            with pytest.raises(duckdb.InvalidInputException):
                connection.execute("drop table t")

    with warehouse.exclusive():
        reader = threading.Thread(target=read)
        reader.start()
        reader.join(0.1)
        assert rows == []
    reader.join(10)
    assert rows == [(7,)]


def test_a_file_that_another_process_has_is_waited_for(tmp_path: Path) -> None:
    """The reader waits, gives up at its deadline, and succeeds once the other one is done."""
    warehouse = make(tmp_path / "a.duckdb")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(warehouse.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(WarehouseBusyError, match="open in another process"):
            warehouse.read(0.2).__enter__()
        holder.communicate("\n")
    with warehouse.read(10) as connection:
        assert connection.execute("select n from t").fetchall() == [(7,)]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Before the first run there is nothing to read."""
    with pytest.raises(WarehouseMissingError, match="run a dbt job first"):
        Warehouse(tmp_path / "a.duckdb").read().__enter__()


def test_settings_hold_for_readers(tmp_path: Path) -> None:
    """The configuration's settings are made before the first query."""
    make(tmp_path / "a.duckdb")
    warehouse = Warehouse(tmp_path / "a.duckdb", {"threads": 1, "TimeZone": "Asia/Tokyo"})
    with warehouse.read() as connection:
        row = connection.execute(
            "select current_setting('threads'), current_setting('TimeZone')"
        ).fetchone()
    assert row == (1, "Asia/Tokyo")
