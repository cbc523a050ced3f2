"""Show what happens while it happens."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from .scenarios import TASKS

COLOURS = {
    "success": "green",
    "failed": "red",
    "upstream_failed": "yellow",
    "running": "cyan",
    "deferred": "magenta",
}
WORDS = {"deferred": "deferred: the triggerer waits", "upstream_failed": "not run"}


class Progress:
    """Times and shows the stages; a table that moves on a terminal, a line a change elsewhere."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.started = time.monotonic()
        self.parts: dict[str, float] = {}
        """Seconds that each finished stage took."""

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.started

    def say(self, text: str) -> None:
        """Print one line with the elapsed time before it."""
        self.console.print(Text(f"{self.seconds:6.1f} s  {text}"), soft_wrap=True)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Show that something goes on, and at its end how long it took."""
        before = time.monotonic()
        with contextlib.ExitStack() as stack:
            if self.console.is_terminal:
                stack.enter_context(self.console.status(name))
            yield
        self.parts[name] = time.monotonic() - before
        self.say(f"{name}: done in {self.parts[name]:.1f} s")

    @contextlib.contextmanager
    def tasks(self) -> Iterator[TaskBoard]:
        """Show the task instances of a DAG run; call the value with them at every look."""
        before = time.monotonic()
        board = TaskBoard(self)
        if self.console.is_terminal:
            with Live(board, console=self.console, refresh_per_second=8):
                yield board
        else:
            yield board
        self.parts["DAG run"] = time.monotonic() - before


class TaskBoard:
    """The states of the demo's tasks and how long they have been in them."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.states: dict[str, str] = {}
        self.since: dict[str, float] = {}
        self.ended: dict[str, float] = {}
        self.spinner = Spinner("dots")

    def __call__(self, instances: list[dict[str, Any]]) -> None:
        """Take note of the states; print those that have changed where there is no terminal."""
        known = {instance["task_id"]: instance["state"] for instance in instances}
        for task_id in TASKS:
            state = known.get(task_id)
            if state is None or self.states.get(task_id) == state:
                continue
            self.states[task_id] = state
            self.since.setdefault(task_id, time.monotonic())
            if state in ("success", "failed", "upstream_failed"):
                self.ended[task_id] = time.monotonic()
            if not self.progress.console.is_terminal:
                self.progress.say(f"{task_id}: {WORDS.get(state, state)}")

    def __rich__(self) -> RenderableType:
        table = Table(box=None, pad_edge=False)
        for heading in ("", "task", "state", "seconds"):
            table.add_column(heading, justify="right" if heading == "seconds" else "left")
        for task_id in TASKS:
            state = self.states.get(task_id, "waiting")
            active = state in ("queued", "running", "deferred")
            text = Text(WORDS.get(state, state), COLOURS.get(state, "dim"))
            seconds = ""
            if task_id in self.since:
                end = self.ended.get(task_id, time.monotonic())
                seconds = f"{end - self.since[task_id]:.1f}"
            table.add_row(self.spinner if active else "", task_id, text, seconds)
        return table
