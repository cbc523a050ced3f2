"""The command `dbtsegment-demo`, which says what it lacks where the sandbox is not installed."""

from __future__ import annotations

from airflow_provider_dbtsegment.sandbox.extra import PACKAGE, run_command


def main() -> int:
    """Run `dbtsegment-demo`."""
    return run_command(f"{PACKAGE}.demo.cli")
