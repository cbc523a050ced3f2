"""What has come of rows, kept in a file from one run of the table to the next."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.chaos.play import FINE, Result
from tests.chaos.row import Row

ROOT = Path(__file__).parents[2]
#: One file for each version of Airflow.
STATE = ROOT / ".chaos"
PACKAGE = ROOT / "airflow_provider_dbtsegment"
#: Parts of the package that no row runs, or that are the test bed.
NOT_MEANT = ("sandbox", "demo", "ui", "cli")


@dataclass(frozen=True)
class Kept:
    """
    What has come of a row.

    :param digest: Of everything that the row says.
    :param code: Of the package as it was then.
    """

    name: str
    digest: str
    code: str
    started: int
    ends: Sequence[str]
    state: str
    tries: int
    verdict: str
    message: str
    seconds: float
    at: str

    @property
    def is_fine(self) -> bool:
        """Whether all was as it should be."""
        return self.verdict == FINE


class Results:
    """
    The results of a version of Airflow; a line is added for each row as soon as it is over.

    :param file: The JSON lines. A last line that was cut off does not count.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._latest: dict[str, Kept] = {one.name: one for one in _read(file)}

    def add(self, result: Result) -> None:
        """Keep what has come of a row."""
        row = result.row
        kept = Kept(
            name=row.name,
            digest=digest(row),
            code=code_digest(),
            started=len(result.started),
            ends=result.ends,
            state=result.state,
            tries=result.tries,
            verdict=result.verdict,
            message=result.message,
            seconds=round(result.seconds, 1),
            at=time.strftime("%Y-%m-%d"),
        )
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("ab+") as file:
            # A run that was killed may have left half a line.
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - 1))
            separator = "\n" if file.read(1) not in (b"", b"\n") else ""
            file.write(f"{separator}{json.dumps(asdict(kept))}\n".encode())
        self._latest[row.name] = kept

    def of(self, row: Row) -> Kept | None:
        """Return the newest result of a row as it is now, with whatever code."""
        kept = self._latest.get(row.name)
        return kept if kept is not None and kept.digest == digest(row) else None

    def is_done(self, row: Row) -> bool:
        """Return whether the row was as it should be with the code as it is now."""
        kept = self.of(row)
        return kept is not None and kept.is_fine and kept.code == code_digest()


def results_of(release: str, folder: Path = STATE) -> Results:
    """Return the results of a version of Airflow."""
    return Results(folder / f"airflow-{release}.jsonl")


def digest(row: Row) -> str:
    """Return a digest of everything that determines a row, beside the code."""
    values = json.dumps(asdict(row), sort_keys=True, default=str)
    return hashlib.sha256(values.encode()).hexdigest()[:16]


@cache
def code_digest() -> str:
    """Return a digest of the package, as far as tasks run it."""
    found = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE)
        if name.parts[0] not in NOT_MEANT:
            found.update(f"{name}\n".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def _read(file: Path) -> Iterator[Kept]:
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            values: dict[str, Any] = json.loads(line)
            yield Kept(**values)
        except (ValueError, TypeError):
            continue
