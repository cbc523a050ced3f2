"""The pages read Airflow's rows from PostgreSQL as they do from SQLite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ui.conftest import DATABASE, VERSION

HERE = Path(__file__).parent
#: The tests of what depends on the database.
TESTS = ("access", "mappings", "node_table", "overview", "run_page", "subclasses")


@pytest.mark.skipif(VERSION < (3, 1), reason="needs Airflow 3.1 or later")
@pytest.mark.timeout(600)
def test_the_pages_say_the_same(tmp_path: Path) -> None:
    pytest.importorskip("psycopg2")
    from tests.chaos.database import every_text, own_database, why_not

    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    files = [str(HERE / f"test_{name}.py") for name in TESTS]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    with own_database("pages") as url:
        environment = {**os.environ, DATABASE: url, "AIRFLOW_HOME": str(tmp_path)}
        done = subprocess.run(
            command, env=environment, cwd=HERE.parents[1], capture_output=True, text=True
        )
        assert "alembic_version" in {table for table, _ in every_text(url)}
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
