"""What importing the operators and sensors costs a DAG file, in time of the processor."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from statistics import median

from tests.bench.crowd.members import OURS, THEIRS
from tests.bench.figures import Figure, Target
from tests.bench.settings import Settings

PART = "imports"
MODULES = {
    OURS: [
        f"airflow_provider_dbtsegment.{kind}.{service}"
        for kind in ("operators", "sensors")
        for service in ("dbt_cloud", "segment")
    ],
    THEIRS: [f"airflow.providers.dbt.cloud.{kind}.dbt" for kind in ("operators", "sensors")],
}
PROGRAM = """\
import importlib, sys, time
from airflow.sdk import DAG, BaseOperator
began = time.process_time()
for module in sys.argv[1:]:
    importlib.import_module(module)
print(time.process_time() - began)
"""


def measure(settings: Settings) -> Iterator[Figure]:
    """Import in fresh interpreters, by turns."""
    times = 3 if settings.quick else 15
    taken: dict[str, list[float]] = {provider: [] for provider in MODULES}
    # The first ones write byte code and warm the disk's cache.
    for n in range(-1, times):
        for provider, modules in MODULES.items():
            seconds = _seconds(modules)
            if n >= 0:
                taken[provider].append(seconds)
    yield Figure(
        PART,
        "operators and sensors",
        median(taken[OURS]) * 1000,
        median(taken[THEIRS]) * 1000,
        "ms",
        Target(at_most=15, ratio=10),
        case="processor time, after airflow.sdk",
        note=f"median of {times}",
    )


def _seconds(modules: list[str]) -> float:
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, *modules]
    # A package that is installed has byte code; some environments keep it from being written.
    compiled = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    told = subprocess.run(command, check=True, capture_output=True, text=True, env=compiled)
    return float(told.stdout.splitlines()[-1])
