"""A dbt Cloud whose runs go on until the bench ends them, all at one moment."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from airflow_provider_dbtsegment.sandbox.dbt_cloud import query
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import InvalidError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.routes.runs import FILTERS, ORDERS
from airflow_provider_dbtsegment.sandbox.dbt_cloud.times import text
from airflow_provider_dbtsegment.sandbox.server import serving
from airflow_provider_dbtsegment.sandbox.tls import TlsFiles

ACCOUNT = 1
#: Seconds that every answer takes.
LATENCY = 0.08
RUNNING, SUCCESS = 3, 10
STEP = {"index": 1, "name": "Invoke dbt with `dbt build`", "status": SUCCESS}
RESULTS = {"results": [{"unique_id": f"model.shop.m{n}", "status": "success"} for n in range(20)]}
PAGING = {"limit", "offset", "order_by", "include_related"}


class Service:
    """
    An ASGI app with the few endpoints that starting and waiting need.

    What it is told by the bench goes to ``/control/…`` and is neither counted nor slowed down.
    """

    def __init__(self) -> None:
        self.runs: dict[int, dict[str, Any]] = {}
        self.counts: Counter[str] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        body = await _body(receive)
        parts = scope["path"].strip("/").split("/")
        asked = dict(parse_qsl(scope["query_string"].decode()))
        if parts[0] == "control":
            status, answer = 200, self._control(parts[1], asked)
        else:
            self.counts["requests"] += 1
            status, answer = self._answer(scope["method"], parts[4:], asked, body)
            if status != 200:
                self.counts["refused"] += 1
            await asyncio.sleep(LATENCY)
        content = json.dumps(answer).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(content)),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _control(self, word: str, asked: dict[str, str]) -> dict[str, Any]:
        """Start runs, end all that go on, or say what was asked so far."""
        if word == "start":
            first = len(self.runs) + 1
            for _ in range(int(asked["number"])):
                self._start(1, "somebody else")
            return {"first": first}
        if word == "end":
            at = datetime.now(timezone.utc)
            for run in self.runs.values():
                if run["status"] == RUNNING:
                    run.update(status=SUCCESS, finished_at=text(at), updated_at=text(at))
            return {"at": at.timestamp()}
        return dict(self.counts)

    def _start(self, job_id: int, cause: str) -> dict[str, Any]:
        at = text(datetime.now(timezone.utc))
        run = {
            **{"id": len(self.runs) + 1, "account_id": ACCOUNT, "project_id": 1},
            **{"environment_id": 1, "job_id": job_id, "job_definition_id": job_id},
            **{"status": RUNNING, "created_at": at, "started_at": at, "updated_at": at},
            **{"finished_at": None, "state": 1, "retrying_run_id": None, "can_retry": False},
            **{"trigger": {"cause": cause}, "run_steps": [STEP], "status_message": None},
        }
        run["href"] = f"https://cloud.example/deploy/{ACCOUNT}/projects/1/runs/{run['id']}"
        self.runs[len(self.runs) + 1] = run
        return run

    def _answer(
        self, method: str, parts: list[str], asked: dict[str, str], body: bytes
    ) -> tuple[int, Any]:
        """Answer as dbt Cloud does; ``parts`` are what follows the account in the path."""
        match (method, *parts):
            case ("POST", "jobs", job_id, "run"):
                return _fine(self._start(int(job_id), json.loads(body)["cause"]))
            case ("GET", "runs"):
                return self._list(asked)
            case ("GET", "runs", run_id) if run := self.runs.get(int(run_id)):
                return _fine(run)
            case ("GET", "runs", _, "artifacts", "run_results.json"):
                return 200, RESULTS
        return _refused(404, f"There is no {'/'.join(parts)}.")

    def _list(self, asked: dict[str, str]) -> tuple[int, Any]:
        if unknown := asked.keys() - FILTERS.keys() - PAGING:
            return _refused(400, f"Unknown: {', '.join(unknown)}.")
        runs: Any = self.runs.values()
        if "pk__in" in asked:
            # So that many runs cost the service no more than few.
            wanted = json.loads(asked["pk__in"])
            runs = [self.runs[run_id] for run_id in wanted if run_id in self.runs]
        try:
            page = query.select(runs, asked, FILTERS, ORDERS)
        except InvalidError as error:
            return _refused(400, str(error))
        pagination = {"count": len(page.items), "total_count": page.total_count}
        filters = {"limit": page.limit, "offset": page.offset}
        return _fine(page.items, {"pagination": pagination, "filters": filters})


async def _body(receive: Any) -> bytes:
    body: bytes = b""
    while True:
        message: dict[str, Any] = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def _fine(data: Any, extra: Any = None) -> tuple[int, Any]:
    status = {"code": 200, "is_success": True, "user_message": "Success!", "developer_message": ""}
    return 200, {"status": status, "data": data, "extra": extra or {}}


def _refused(code: int, message: str) -> tuple[int, Any]:
    status = {"code": code, "is_success": False, "user_message": message, "developer_message": ""}
    return code, {"status": status, "data": None}


def main(folder: Path) -> None:
    """Serve until standard input closes, and say where."""
    tls = TlsFiles(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    with serving(Service(), "127.0.0.1", 0, tls) as url:
        print(url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
