"""The state folder: used by one sandbox at a time, and where others find that sandbox."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SIGN = "sandbox.json"


class StateError(RuntimeError):
    """The state folder cannot be used."""


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Keep the folder for the length of the block; it is made when it is not there.

    :raises StateError: when another sandbox serves from it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StateError(
                f"Another sandbox serves from {folder}. Stop it, or give --state another folder."
            ) from error
        (folder / SIGN).unlink(missing_ok=True)
        yield


@contextmanager
def sign(folder: Path, about: dict[str, Any]) -> Iterator[None]:
    """Say in ``sandbox.json`` how the sandbox is reached, for the length of the block."""
    draft = folder / f"{SIGN}.new"
    draft.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    os.replace(draft, folder / SIGN)
    try:
        yield
    finally:
        (folder / SIGN).unlink(missing_ok=True)
