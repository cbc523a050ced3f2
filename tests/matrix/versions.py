"""What the package is held against, each with the versions of everything that is installed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONSTRAINTS = Path(__file__).parent / "constraints"

#: The Python that most constraints are for.
PYTHON = "3.11"


@dataclass(frozen=True)
class Version:
    """
    A line of the table.

    :param name: What it is asked for by, and its folder.
    :param file: The constraints in :data:`CONSTRAINTS`.
    :param python: The Python that they are for.
    :param is_whole: Whether the sandbox is tested, too, and the demo's DAG run in a real Airflow;
        otherwise there are package guards and unit tests.
    """

    name: str
    file: str
    python: str = PYTHON
    is_whole: bool = True

    @property
    def constraints(self) -> Path:
        """What is installed, a line for each distribution."""
        return CONSTRAINTS / f"{self.file}.txt"


AIRFLOWS = ("2.11", "3.0", "3.1", "3.2", "3.3")
VERSIONS = [
    *(Version(name, f"airflow-{name}") for name in AIRFLOWS),
    # The lowest version of everything that pyproject.toml names.
    Version("oldest", "oldest", is_whole=False),
    # The newest Python; where there is none, the line says so.
    Version("python-3.13", "python-3.13", python="3.13", is_whole=False),
]
