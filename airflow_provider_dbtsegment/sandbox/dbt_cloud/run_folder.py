"""What a run leaves on disk: a folder for each step, with its logs and its artifacts."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PARTIAL_PARSE = "partial_parse.msgpack"
TRUNCATED_LINES = 1000


@dataclass(frozen=True)
class RunFolder:
    """``runs/<id>`` below the state folder."""

    path: Path

    def step(self, index: int) -> Path:
        """Return the folder of a step."""
        return self.path / "steps" / str(index)

    def log(self, index: int) -> Path:
        """Return the file that holds what the step printed."""
        return self.step(index) / "log.txt"

    def artifacts(self, index: int) -> Path:
        """Return the folder of what the step left in dbt's ``target``."""
        return self.step(index) / "artifacts"

    def begin(self, index: int) -> None:
        """Mark the moment before a step's command leaves anything."""
        self.step(index).mkdir(parents=True, exist_ok=True)
        self._begin(index).touch()

    def left_by(self, index: int, path: Path) -> bool:
        """Tell whether a step has left a file that is there; it may be older than the step.

        Both times are those of the files, because the service's clock may be off.
        """
        begin = self._begin(index)
        return path.exists() and (
            not begin.exists() or path.stat().st_mtime_ns >= begin.stat().st_mtime_ns
        )

    def write(self, index: int, text: str) -> None:
        """Append a line to the log of a step."""
        self.step(index).mkdir(parents=True, exist_ok=True)
        with self.log(index).open("a", encoding="utf-8") as log:
            log.write(f"{text}\n")

    def read_log(self, index: int) -> str:
        """Return what the step printed so far."""
        return _read(self.log(index))

    def read_debug_log(self, index: int) -> str:
        """Return what dbt wrote into ``dbt.log`` so far."""
        return _read(self.step(index) / "dbt.log")

    def save_artifacts(self, index: int, target: Path) -> None:
        """Keep what dbt left in ``target``; its parsing cache is no artifact."""
        if target.is_dir():
            shutil.copytree(
                target, self.artifacts(index), ignore=shutil.ignore_patterns(PARTIAL_PARSE)
            )

    def _begin(self, index: int) -> Path:
        return self.step(index) / "begin"

    def last_index(self) -> int | None:
        """Return the index of the last step that left artifacts."""
        indexes = [int(path.parent.name) for path in self.path.glob("steps/*/artifacts")]
        return max(indexes, default=None)

    def list_artifacts(self, index: int) -> Iterator[str]:
        """Yield the paths of a step's artifacts, sorted, with forward slashes."""
        folder = self.artifacts(index)
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield path.relative_to(folder).as_posix()

    def find_artifact(self, index: int, name: str) -> Path | None:
        """Return the file of an artifact; None when there is none of this name in the folder."""
        folder = self.artifacts(index).resolve()
        try:
            path = (folder / name).resolve()
            return path if path.is_relative_to(folder) and path.is_file() else None
        except (OSError, ValueError):  # no name that a file can have
            return None


def truncated(log: str) -> str:
    """Return the last 1,000 lines."""
    return "\n".join(log.splitlines()[-TRUNCATED_LINES:])


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
