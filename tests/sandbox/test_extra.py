"""Without the sandbox's packages, its commands say what is to be installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

WITHOUT_DUCKDB = "import sys; sys.modules['duckdb'] = None; from {0} import main; sys.exit(main())"


@pytest.mark.parametrize("module", ["sandbox.extra", "demo.command"])
def test_a_command_names_the_extra_that_it_needs(module: str) -> None:
    code = WITHOUT_DUCKDB.format(f"airflow_provider_dbtsegment.{module}")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip install 'airflow-provider-dbtsegment[sandbox]'" in done.stderr
    assert "no duckdb" in done.stderr
    assert "Traceback" not in done.stderr
