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
    :param asks: What they have to keep to, besides what pyproject.toml says.
    :param besides: What is installed besides what pyproject.toml says.
    :param python: The Python that they are for.
    :param is_oldest: Whether they are the lowest that pyproject.toml allows, not the newest.
    :param is_whole: Whether the sandbox is tested, too, and the demo's DAG run in a real Airflow;
        otherwise there are package guards and unit tests.
    """

    name: str
    file: str
    asks: tuple[str, ...]
    besides: tuple[str, ...] = ()
    python: str = PYTHON
    is_oldest: bool = False
    is_whole: bool = True

    @property
    def constraints(self) -> Path:
        """What is installed, a line for each distribution."""
        return CONSTRAINTS / f"{self.file}.txt"


#: What each Airflow cannot do without, which its own metadata do not say.
AIRFLOWS = {
    "2.11": ("universal-pathlib<0.3",),
    "3.0": ("pyjwt<2.11", "fastapi<0.118", "universal-pathlib<0.3"),
    "3.1": ("universal-pathlib<0.3",),
    "3.2": ("fastapi<0.137", "svcs<26"),
    "3.3": (),
}
#: Airflow 3.0 shows a form's own fields only where there is what they are made of, as in its image.
BESIDES = {"3.0": ("apache-airflow-providers-fab",)}
NEWEST = ("apache-airflow==3.3.*",)
VERSIONS = [
    *(
        Version(
            name, f"airflow-{name}", (f"apache-airflow=={name}.*", *asks), BESIDES.get(name, ())
        )
        for name, asks in AIRFLOWS.items()
    ),
    # The lowest version of everything that pyproject.toml names.
    Version(
        "oldest",
        "oldest",
        ("apache-airflow-providers-common-compat==1.12.0", "universal-pathlib<0.3"),
        is_oldest=True,
        is_whole=False,
    ),
    # Other versions of Python; where there is none, the line says so.
    Version("python-3.12", "python-3.12", NEWEST, python="3.12", is_whole=False),
    Version("python-3.13", "python-3.13", NEWEST, python="3.13", is_whole=False),
]
