"""What the long commands have in common: how they end, and how they tell how it goes."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable

from rich.console import Console


def begin(console: Console) -> Callable[[str], None]:
    """Make signals end the command with all that it has started; return what says how it goes."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    began = time.monotonic()

    def say(text: str) -> None:
        console.print(f"{time.monotonic() - began:5.0f} s {text}", highlight=False, markup=False)

    return say
