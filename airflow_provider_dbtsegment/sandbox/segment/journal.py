"""JSON documents in a folder, one file each."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)


class Journal:
    """Keeps documents on disk; a file is replaced as a whole, so a crash leaves the old or the new.

    Names must be fit for file names. Callers see to it that one name has one writer at a time.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def write(self, name: str, document: dict[str, Any]) -> None:
        """Store or replace a document."""
        path = self._folder / f"{name}.json"
        partial = self._folder / f"{name}.json.partial"
        partial.write_text(json.dumps(document), encoding="utf-8")
        os.replace(partial, path)

    def read_all(self) -> Iterator[dict[str, Any]]:
        """Yield every document; one that cannot be read is logged and left out."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                document = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                logger.warning("Leaving out %s, which cannot be read", path, exc_info=True)
                continue
            yield document
