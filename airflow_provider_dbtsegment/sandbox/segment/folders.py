"""Where the Segment side keeps its state."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Folders:
    """Paths below the sandbox's state folder."""

    state_dir: Path

    @property
    def root(self) -> Path:
        """Everything that this side writes itself; destinations write to ``state_dir``."""
        return self.state_dir / "segment"

    @property
    def syncs(self) -> Path:
        """One JSON file a sync."""
        return self.root / "syncs"

    @property
    def models(self) -> Path:
        """One JSON file for each model that the API has changed."""
        return self.root / "models"

    @property
    def dbt_model_syncs(self) -> Path:
        """One JSON file for each trigger of a dbt model sync."""
        return self.root / "dbt-model-syncs"

    def snapshot(self, mapping_id: str) -> Path:
        """Return the file of the rows that a mapping has delivered."""
        return self.root / "snapshots" / f"{mapping_id}.parquet"

    def scratch(self, sync_id: str) -> Path:
        """Return the folder for what only lives as long as a sync."""
        return self.root / "scratch" / sync_id

    def clear_scratch(self) -> None:
        """Drop what syncs have left behind that a crash has ended."""
        shutil.rmtree(self.root / "scratch", ignore_errors=True)
