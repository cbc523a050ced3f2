"""How the bench is run, for its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """
    How the bench is run. A part is a module with ``measure(settings) -> Iterator[Figure]``.

    :param folder: For temporary files; it is removed afterwards.
    :param images: Where pictures go.
    :param quick: Smaller sizes and shorter times, to see whether it works.
    :param say: Tells a person how far it is.
    """

    folder: Path
    images: Path = Path("docs/images")
    quick: bool = False
    say: Callable[[str], None] = field(default=print)
