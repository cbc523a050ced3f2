"""A process that kills or stops itself, as a power cut or a suspended machine would, once a row."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Where a process says that it is about to kill itself.
FOLDER = "CHAOS_KILLED"


class Death:
    """
    Comes once.

    :param name: Whose row it is.
    :param kill: Which processes are killed or stopped, as a row's `kill` says; by default this one
        is killed.
    """

    def __init__(self, name: str, kill: Mapping[str, Any] | None = None) -> None:
        self.mark = Path(os.environ[FOLDER]) / name
        self.kill = kill or {"worker": False, "task": True, "freeze": False}

    def __call__(self) -> None:
        # The worker is the parent; it must not restart or report anything in between.
        pids = [os.getppid()] if self.kill["worker"] else []
        pids += [os.getpid()] if self.kill["task"] else []
        try:
            descriptor = os.open(self.mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            return
        os.write(descriptor, json.dumps(pids).encode())
        os.close(descriptor)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP if self.kill["freeze"] else signal.SIGKILL)
