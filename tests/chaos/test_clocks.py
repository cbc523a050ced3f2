"""A clock that is off: for our provider's modules, and for nothing else in the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import inspect, time
from datetime import datetime, timezone
from airflow_provider_dbtsegment.segment import summary as before
from tests.chaos.clocks import set_clock_off

true = time.time
set_clock_off(-240.0)
from airflow_provider_dbtsegment import patience
from airflow_provider_dbtsegment.tasks import base

assert abs(time.time() - true()) < 1, "the process has its own time"
assert abs(base.time.time() - true() + 240) < 1, "a module that is imported as a whole"
assert base.time.monotonic() <= time.monotonic()
moved = [
    (name, value)
    for name, module in sorted(__import__("sys").modules.items())
    if name.startswith("airflow_provider_dbtsegment.") and ".sandbox" not in name
    for value in [getattr(module, "datetime", None)]
    if isinstance(value, type)
]
assert moved, "some module uses datetime"
now = datetime.now(timezone.utc)
for name, value in moved:
    assert abs((value.now(timezone.utc) - now).total_seconds() + 240) < 1, name
    assert isinstance(now, value), name
    assert value.fromisoformat("2026-01-01T00:00:00+00:00") < now, name
for name, module in sorted(__import__("sys").modules.items()):
    if name.startswith("airflow_provider_dbtsegment.") and ".sandbox" not in name:
        for function in filter(inspect.isfunction, vars(module).values()):
            defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
            assert true not in defaults, (name, function)
print("moved")
"""


def test_the_providers_clock_is_moved_and_the_processes_is_not() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.endswith("moved\n"), done.stderr
