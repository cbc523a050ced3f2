"""Search everything that a run of the table has left behind for the services' tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.chaos.bed import PROJECT, Bed
from tests.chaos.database import every_text


def tokens() -> list[str]:
    """Return what nobody may see."""
    config = yaml.safe_load((PROJECT / "sandbox.yml").read_text())
    return [config["dbt_cloud"]["token"], config["segment"]["token"]]


def leaks(bed: Bed) -> list[str]:
    """Return every place in which a token stands: logs, XComs, rendered fields, events."""
    secrets = [*tokens(), *bed.secrets]
    pattern = re.compile("|".join(map(re.escape, secrets)))
    in_bytes = re.compile(pattern.pattern.encode())
    found = [f"table {table}" for table, text in every_text(bed.database) if pattern.search(text)]
    found += [
        str(path) for path in _files(bed.airflow.folder) if in_bytes.search(path.read_bytes())
    ]
    return sorted(set(found))


def searched(bed: Bed) -> str:
    """Say how much was searched."""
    rows = sum(1 for _ in every_text(bed.database))
    return f"{rows} rows of Airflow's database and {len(list(_files(bed.airflow.folder)))} files"


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in (".db", ".pyc"):
            yield path
