"""The fixture for tests of one's own DAGs, in a test run of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

HERE = Path(__file__).parent
EXAMPLE_DAGS = HERE.parents[1] / "example_dags"


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("file", "dags"),
    [
        ("test_dbt_to_segment.py", EXAMPLE_DAGS),
        ("test_both_modes.py", HERE / "own_dag" / "dags"),
    ],
)
def test_a_dag_is_tested_in_ten_lines(file: str, dags: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(dags),
        "TINY_PROJECT": str(HERE.parent / "data" / "tiny"),
    }
    # Elsewhere, so that nothing of our own tests is beside it.
    shutil.copy(HERE / "own_dag" / file, tmp_path)
    commands = (
        [sys.executable, "-m", "airflow", "db", "migrate"],
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", file],
    )
    for command in commands:
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=280
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_each_test_begins_with_nothing_and_the_mark_says_what_there_is(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        f"""
        import json, os
        import pytest, requests

        def runs(sandbox):
            answer = requests.get(
                f"{{sandbox.url}}/api/v2/accounts/{{sandbox.account_id}}/runs/",
                headers={{"Authorization": f"Token {{sandbox.dbt_token}}"}},
                timeout=10,
            )
            return answer.json()["data"]

        def test_first(dbtsegment_sandbox):
            given = json.loads(os.environ["AIRFLOW_CONN_DBT_CLOUD_DEFAULT"])
            assert given["host"] == dbtsegment_sandbox.url
            assert dbtsegment_sandbox.faults is None
            assert runs(dbtsegment_sandbox) == []
            assert dbtsegment_sandbox.delivered("customers_to_crm") == {{}}
            with pytest.raises(LookupError, match="customers_to_crm"):
                dbtsegment_sandbox.delivered("nothing")

        @pytest.mark.dbtsegment(project={str(HERE.parent / "data" / "tiny")!r}, faults=True)
        def test_second(dbtsegment_sandbox):
            assert dbtsegment_sandbox.faults is not None

        def test_after():
            assert "AIRFLOW_CONN_DBT_CLOUD_DEFAULT" not in os.environ

        @pytest.mark.dbtsegment(projekt="shop")
        def test_wrong(dbtsegment_sandbox):
            pass
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--strict-markers")
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*The mark dbtsegment takes project, config, faults, by name.*"])
