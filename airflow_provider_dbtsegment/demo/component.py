"""One process of a local installation, kept so that it ends when we do."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from .keeper import descendants

KEEPER = Path(__file__).with_name("keeper.py")
GRACE = 3.0


class ComponentDied(RuntimeError):
    """A part of the installation ended although nobody had asked it to."""


class Component:
    """
    A long-running program with a log file: start it, stop it, kill it, start it again.

    It runs below a keeper (see :mod:`.keeper`), so that ending it ends everything it started, and
    so that it ends when this process does, even by SIGKILL.

    :param log: standard output and standard error are appended to this file.
    :param grace: seconds between a polite request to end and SIGKILL.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        folder: Path,
        grace: float = GRACE,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.env = dict(env)
        self.log = log
        self.folder = folder
        self.grace = grace
        self.pid: int | None = None
        """Process id of the program itself (not of its keeper)."""
        self.started: datetime | None = None
        """When it was last started."""
        self._keeper: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._wanted = False

    def __repr__(self) -> str:
        return f"<Component {self.name} pid={self.pid} running={self.is_running}>"

    def start(self) -> None:
        """Start the program; does nothing when it runs already."""
        if self.is_running:
            return
        self.wait_for_end()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        self.started = datetime.now(timezone.utc)
        # -I -S: the keeper needs nothing but the standard library and starts in milliseconds
        keeper = [sys.executable, "-I", "-S", str(KEEPER), str(self.log), str(self.grace)]
        self._keeper = subprocess.Popen(
            [*keeper, *self.command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self.env,
            cwd=self.folder,
            start_new_session=True,
        )
        if self._keeper.stdout is None:
            raise AssertionError("the keeper has a pipe for its output")
        first_line = self._keeper.stdout.readline()
        if not first_line:
            raise ComponentDied(f"{self.name} could not be started: {' '.join(self.command)}")
        self.pid = int(first_line)
        self._wanted = True

    @property
    def is_running(self) -> bool:
        """Whether the program runs."""
        return self._keeper is not None and self._keeper.poll() is None

    @property
    def exit_status(self) -> int | None:
        """The program's exit status, 128 + n when signal n ended it, None while it runs."""
        return self._keeper.poll() if self._keeper else None

    def processes(self) -> list[int]:
        """Return the ids of the program's process and of all that it has started, at any depth."""
        return descendants(self._keeper.pid) if self._keeper and self.is_running else []

    def request_stop(self) -> None:
        """Ask the program to end, without waiting for it; after the grace period it is killed."""
        self._wanted = False
        self._signal(signal.SIGTERM)

    def stop(self) -> None:
        """End the program and everything that it started, politely first."""
        self.request_stop()
        self.wait_for_end()

    def kill(self) -> None:
        """End the program and everything that it started by SIGKILL, as a power cut would."""
        self._wanted = False
        self._signal(signal.SIGUSR1)
        self.wait_for_end()

    def restart(self) -> None:
        """Stop the program if it runs, and start it."""
        self.stop()
        self.start()

    def wait_for_end(self, timeout: float | None = None) -> None:
        """Return when nothing of the program is left."""
        if self._keeper is None:
            return
        self._keeper.wait(timeout)
        for pipe in (self._keeper.stdin, self._keeper.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()

    def check(self) -> None:
        """Raise ComponentDied, with the end of the log, when the program ended unasked."""
        if self._wanted and not self.is_running:
            self.wait_for_end()
            raise ComponentDied(
                f"{self.name} ended with status {self.exit_status}. "
                f"The end of {self.log}:\n{self.log_tail()}"
            )

    def log_text(self) -> str:
        """Return what the program has written since it was last started."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines that the program has written since it was last started."""
        return "\n".join(self.log_text().splitlines()[-lines:])

    def _signal(self, number: signal.Signals) -> None:
        if self._keeper is not None and self._keeper.poll() is None:
            self._keeper.send_signal(number)
