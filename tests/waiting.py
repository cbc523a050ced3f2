"""Wait for what is to come true, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def wait_until(condition: Callable[[], Any], timeout: float = 30) -> Any:
    """Return what a condition gives once it is true."""
    until = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < until, "It did not come true in time."
        time.sleep(0.02)
    return found
