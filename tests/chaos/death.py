"""A process that kills itself, as a power cut would, once in the life of a row."""

from __future__ import annotations

import os
import signal
from pathlib import Path

#: Where a process says that it is about to kill itself.
FOLDER = "CHAOS_KILLED"


class Death:
    """
    Comes once.

    :param name: Whose row it is.
    :param worker: Whether the process above, Airflow's worker, is killed too.
    """

    def __init__(self, name: str, worker: bool = False) -> None:
        self.mark = Path(os.environ[FOLDER]) / name
        self.worker = worker

    def __call__(self) -> None:
        try:
            os.close(os.open(self.mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        if self.worker:
            os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
