"""What is said where the package is installed without its sandbox."""

from __future__ import annotations

import sys
from importlib import import_module

NOT_INSTALLED = "The sandbox is not installed: pip install 'airflow-provider-dbtsegment[sandbox]'."
PACKAGE = "airflow_provider_dbtsegment"
FAILED = 2


def main() -> int:
    """Run `dbtsegment-sandbox`."""
    return run_command(f"{PACKAGE}.sandbox.cli")


def run_command(module: str) -> int:
    """Run the `main` of a module; 2, and what is to be installed, when it lacks another."""
    try:
        command = import_module(module).main
    except ModuleNotFoundError as error:
        print(f"{NOT_INSTALLED} (There is no {error.name}.)", file=sys.stderr)
        return FAILED
    return int(command())
