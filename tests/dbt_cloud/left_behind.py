"""What dbt leaves behind in a run, on a server that answers by the name of the artifact."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_dbtsegment.dbt_cloud.types import Run
from tests.scripted_server import Received, Reply, ScriptedServer

BEGAN = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
NOT_THERE = Reply(404)


class LeftBehind(ScriptedServer):
    """
    Answers with artifacts; what it does not have is not found.

    :ivar artifacts: By the number of the step, which is `None` where none is asked for, and their
        path.
    """

    def __init__(self) -> None:
        super().__init__()
        self.artifacts: dict[tuple[int | None, str], Reply] = {}

    def reply_to(self, request: Received) -> Reply:
        where = urlsplit(request.path)
        step = int(where.query.removeprefix("step=")) if where.query else None
        return self.artifacts.get((step, where.path.rpartition("/")[2]), NOT_THERE)

    def leave(self, path: str, content: Any, step: int | None = 1) -> None:
        """Have an artifact, as JSON unless it is a reply or the bytes of one."""
        if isinstance(content, bytes):
            content = Reply(body=content)
        reply = content if isinstance(content, Reply) else Reply(body=json.dumps(content))
        self.artifacts[step, path] = reply

    def asked(self) -> list[str]:
        """Return what was asked for since it was asked last."""
        paths = [urlsplit(one.path).path.rpartition("/")[2] for one in self.received]
        self.received.clear()
        return paths


def ran(
    name: str, began: float, took: float, thread: int = 1, status: str = "success", **more: Any
) -> dict[str, Any]:
    """Return the result of a node that began so many seconds after all began."""
    at, compiled, ended = (_text(began + part * took) for part in (0, 0.1, 1))
    return {
        "status": status,
        "timing": [
            {"name": "compile", "started_at": at, "completed_at": compiled},
            {"name": "execute", "started_at": compiled, "completed_at": ended},
        ],
        "thread_id": f"Thread-{thread} (worker)",
        "execution_time": took,
        "message": "It broke." if status in ("error", "fail") else None,
        "unique_id": name,
        **more,
    }


def skipped(name: str) -> dict[str, Any]:
    """Return the result of a node that was skipped."""
    return {
        "status": "skipped",
        "timing": [],
        "thread_id": "Thread-1 (worker)",
        "execution_time": 0.0,
        "message": None,
        "unique_id": name,
    }


def results(*entries: Any) -> dict[str, Any]:
    """Return ``run_results.json``."""
    return {"metadata": {}, "results": entries, "elapsed_time": 1.0, "args": {}}


def graph_summary(edges: Mapping[str, Sequence[str]], section: str = "linked") -> dict[str, Any]:
    """Return ``graph_summary.json``, in which each node is followed by others."""
    names = list(edges)
    entries = {
        str(number): {
            "name": name,
            "type": name.split(".")[0],
            **({"succ": [names.index(other) for other in edges[name]]} if edges[name] else {}),
        }
        for number, name in enumerate(names)
    }
    return {"_invocation_id": "x", "linked": {}, section: entries}


def run_of(*commands: str, **fields: Any) -> Run:
    """Return a run that has carried out some commands of dbt."""
    steps: Any = [
        {
            "index": index,
            "name": f"Invoke dbt with `dbt {command}`",
            "status": 10,
            "started_at": _text(-1),
            "finished_at": _text(60),
        }
        for index, command in enumerate(commands, 1)
    ]
    run: Any = {
        **{"id": 5, "account_id": 7, "project_id": 3, "job_definition_id": 9, "status": 10},
        **{"git_sha": "abc", "started_at": _text(-2), "finished_at": _text(70)},
        "run_steps": steps,
        **fields,
    }
    known: Run = run
    return known


def _text(seconds: float) -> str:
    return (BEGAN + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
