"""The files that Airflow reads DAGs from, each of some rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROWS_IN_A_FILE = 60
#: A DAG file; Airflow reads those alone that hold both words, airflow and DAG.
FILE = '''"""The DAGs of some rows, for Airflow."""

from tests.chaos.dags import dags_of

globals().update(dags_of(__file__))
'''


def write_dags(folder: Path, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """
    Write the files that Airflow reads, and return the last DAG of each.

    Airflow reads a whole file when it hears of a killed worker; so there are several.
    """
    folder.mkdir(parents=True)
    last = []
    for number in range(0, len(rows), ROWS_IN_A_FILE):
        some = rows[number : number + ROWS_IN_A_FILE]
        (folder / f"rows_{number}.json").write_text(json.dumps(some))
        (folder / f"rows_{number}.py").write_text(FILE)
        last.append(some[-1]["name"])
    return last
