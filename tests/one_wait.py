"""Both services, on a real socket, with one job, one mapping, and what becomes of them by time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tests.scripted_server import Reply, ScriptedServer

ACCOUNT, JOB, RUN = 7, 5, 11
MODEL, MAPPING, SYNC = "m", "x", "s"
TOKEN = "t0k-that-nobody-may-see"

#: What is told from how many seconds after the start on.
Story = Sequence[tuple[float, Reply]]


def run(status: int, **fields: Any) -> Reply:
    """Answer with the run."""
    ids = {"id": RUN, "account_id": ACCOUNT, "project_id": 3, "job_definition_id": JOB}
    return Reply(body=json.dumps({"data": {**ids, "status": status, **fields}}))


def sync(status: str, **fields: Any) -> Reply:
    """Answer with the sync."""
    told = {"syncId": SYNC, "modelId": MODEL, "syncStatus": status, **fields}
    return Reply(body=json.dumps({"data": {"reverseETLSyncStatus": told}}))


def refusal(status: int, message: str) -> Reply:
    """Answer with an error that both services' clients can read."""
    body = {
        "status": {"user_message": message},
        "errors": [{"type": "error", "message": message}],
    }
    return Reply(status, json.dumps(body))


class OneWait(ScriptedServer):
    """
    Answers by the path, and tells of the run and the sync what the story has for the moment.

    :param story: For the service that is asked.
    :param at_first_look: Called when somebody looks for the first time.
    :param slow_start: Seconds that the answer to a start takes; what is started is there at once.
    """

    def __init__(
        self,
        story: Story,
        at_first_look: Callable[[], None] = lambda: None,
        slow_start: float = 0.0,
    ) -> None:
        super().__init__()
        self.story = story
        self.slow_start = slow_start
        self.started = 0
        self._cause = ""
        self.began = time.monotonic()
        self.looks = 0
        self.cancelled = 0
        self._at_first_look = at_first_look

    def begin(self) -> None:
        """Let the story begin now."""
        self.began = time.monotonic()

    def next_reply(self) -> Reply:
        """Answer the request that has just come."""
        asked = self.received[-1]
        path = asked.path.split("?")[0]
        if path.endswith(("/cancel/", "/cancel")):
            self.cancelled += 1
            return (
                run(30) if path.endswith("/") else Reply(body='{"data": {"status": "CANCELLING"}}')
            )
        if asked.method == "POST":
            self.started += 1
            return replace(self._start(path, asked.body), delay=self.slow_start)
        if path.endswith("/runs/"):
            return self._runs()
        if path.endswith("/syncs"):
            return Reply(body='{"data": {"syncStatuses": []}}')
        if path.endswith((f"/runs/{RUN}/", f"/syncs/{SYNC}")):
            return self._look()
        return refusal(404, "no such thing")

    def _start(self, path: str, body: bytes) -> Reply:
        if "/jobs/" not in path:
            return Reply(body=json.dumps({"data": {"reverseETLManualSync": {"syncId": SYNC}}}))
        self._cause = json.loads(body)["cause"]
        return run(1)

    def _runs(self) -> Reply:
        status = 30 if self.cancelled else 3
        one = {**json.loads(run(status).body)["data"], "trigger": {"cause": self._cause}}
        rows = [one] if self._cause else []
        extra = {"pagination": {"total_count": len(rows)}}
        return Reply(body=json.dumps({"data": rows, "extra": extra}))

    def _look(self) -> Reply:
        if not self.looks:
            self._at_first_look()
        self.looks += 1
        passed = time.monotonic() - self.began
        return [reply for since, reply in self.story if since <= passed][-1]
