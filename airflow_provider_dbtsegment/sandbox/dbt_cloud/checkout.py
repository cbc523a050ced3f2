"""The copy of the dbt project that a job's runs work in, one after the other.

The place is the job's and not the run's, because dbt saves absolute paths when it parses: only at
the same place can a run reuse what an earlier one has parsed.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from airflow_provider_dbtsegment.sandbox.dbt_cloud.run_folder import PARTIAL_PARSE

LEFT_OUT = shutil.ignore_patterns(
    ".*", "__pycache__", "target", "logs", "dbt_packages", "profiles.yml"
)
PACKAGE_FILES = ("packages.yml", "dependencies.yml")


class Checkout:
    """``checkouts/<job id>`` below the state folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.project = path / "project"
        self.profiles = path / "profiles"
        self.target = self.project / "target"
        self._parsed = path / "parsed"

    def clone(self, source: Path) -> str:
        """Copy the project as it is now, and return a digest of its files, fit for a commit."""
        shutil.rmtree(self.project, ignore_errors=True)
        self.path.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, self.project, ignore=LEFT_OUT)
        digest = hashlib.sha1(usedforsecurity=False)
        for path in sorted(self.project.rglob("*")):
            if path.is_file():
                digest.update(path.relative_to(self.project).as_posix().encode() + b"\0")
                digest.update(path.read_bytes())
        return digest.hexdigest()

    def write_profile(self, target_name: str, output: dict[str, Any]) -> None:
        """Write the ``profiles.yml`` that the project asks for."""
        project = yaml.safe_load((self.project / "dbt_project.yml").read_text(encoding="utf-8"))
        profile = {"target": target_name, "outputs": {target_name: output}}
        self.profiles.mkdir(parents=True, exist_ok=True)
        (self.profiles / "profiles.yml").write_text(
            yaml.safe_dump({str(project.get("profile", "default")): profile}, sort_keys=False),
            encoding="utf-8",
        )

    def load_parsed(self, variables: str) -> None:
        """Give dbt what it parsed the last time with these variables; it judges its worth."""
        saved = self._parsed_file(variables)
        if saved.exists():
            self.target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(saved, self.target / PARTIAL_PARSE)

    def save_parsed(self, variables: str) -> None:
        """Keep what dbt parsed with these variables."""
        parsed = self.target / PARTIAL_PARSE
        if parsed.exists():
            self._parsed.mkdir(parents=True, exist_ok=True)
            shutil.copy2(parsed, self._parsed_file(variables))

    def _parsed_file(self, variables: str) -> Path:
        return self._parsed / hashlib.sha256(variables.encode()).hexdigest()[:16]


def files_of(project: Path) -> Iterator[Path]:
    """Yield the files of a project that a clone has."""
    for folder, folders, names in os.walk(project):
        left_out = LEFT_OUT(folder, [*folders, *names])
        folders[:] = sorted(set(folders) - left_out)
        yield from (Path(folder, name) for name in sorted(set(names) - left_out))


def has_packages(project: Path) -> bool:
    """Whether the project asks for packages."""
    return any((project / name).exists() for name in PACKAGE_FILES)
