"""An empty Airflow database in a moment: made once for each version, and copied from then on."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path


def copy_database(template: Path, target: Path, make: Callable[[], object]) -> None:
    """
    Copy the template, which is made first when there is none.

    :param make: makes an empty database in `target`, which takes seconds.
    """
    if not template.exists():
        make()
        with contextlib.closing(sqlite3.connect(target)) as connection:
            # readers and a writer do not lock each other out; the file remembers it
            connection.execute("PRAGMA journal_mode=WAL")
        template.parent.mkdir(parents=True, exist_ok=True)
        # whole or not at all: others may look for it at the same time
        draft = template.with_suffix(f".{os.getpid()}")
        shutil.copyfile(target, draft)
        draft.replace(template)
    shutil.copyfile(template, target)
