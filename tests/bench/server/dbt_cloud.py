"""dbt Cloud with runs that end as planned."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone

from airflow_provider_dbtsegment.sandbox.dbt_cloud import records
from airflow_provider_dbtsegment.sandbox.dbt_cloud.envelope import enveloped, refused
from airflow_provider_dbtsegment.sandbox.dbt_cloud.status import Status
from airflow_provider_dbtsegment.sandbox.dbt_cloud.views import run_fields, trigger_fields
from tests.bench.server import manifest
from tests.bench.server.wire import Reply, Request
from tests.bench.server.world import World, as_json, retry_after

ACCOUNT = 12345
FIRST_RUN = 70_403_100_000
PAGE = 100

#: What stands in a run that is shown for the first time, to be replaced by what each one has.
_ID = 98_765_432_109
_BEGAN, _ENDED = (datetime(2001, 1, 1, 1, minute, tzinfo=timezone.utc) for minute in (0, 14))


class DbtCloudWorld(World):
    """
    Runs with ids from `FIRST_RUN` on, which all have begun.

    :param ends: When each of them ends, in seconds since the epoch.
    """

    def __init__(self, ends: Sequence[float], began: float, limit: int | None = None) -> None:
        super().__init__(limit)
        self.ends = ends
        self._began = _text(began)
        self._by_end = sorted(range(len(ends)), key=ends.__getitem__)
        self._sorted_ends = [ends[n] for n in self._by_end]
        self._going_on = _template(Status.RUNNING)
        self._ended = _template(Status.SUCCESS)

    def kind(self, request: Request) -> str:
        """Return a word for what is asked."""
        if "/artifacts/" in request.path:
            return "artifact"
        if not request.path.endswith("/runs/"):
            return "one run"
        return "ended runs" if "finished_at__range" in request.query else "many runs"

    def reply(self, request: Request) -> Reply:
        """Answer a request."""
        parts = request.path.strip("/").split("/")
        if parts[:4] != ["api", "v2", "accounts", str(ACCOUNT)] or parts[4] != "runs":
            return as_json(refused(404, "The requested resource was not found."), 404)
        if len(parts) == 5:
            return self._list(request)
        if "artifacts" in parts:
            return Reply(manifest.pieces(), length=manifest.LENGTH)
        n = int(parts[5]) - FIRST_RUN
        if not 0 <= n < len(self.ends):
            return as_json(refused(404, "The requested resource was not found."), 404)
        return Reply(b'{"status":%s,"data":%s}' % (_GOOD, self._show(n, request.at)))

    def too_many(self, seconds: float) -> Reply:
        """Refuse a request until the next window."""
        return as_json(refused(429, "Too many requests."), 429, retry_after(seconds))

    def _list(self, request: Request) -> Reply:
        query, at = request.query, request.at
        found = self._chosen(query, at)
        total = len(found)
        order = query.get("order_by", "id")
        field = order.removeprefix("-")
        backwards = order.startswith("-")
        if field == "finished_at":
            found.sort(key=self.ends.__getitem__, reverse=backwards)
        else:
            found.sort(reverse=backwards)
        limit, offset = min(int(query.get("limit", PAGE)), PAGE), int(query.get("offset", 0))
        page = found[offset : offset + limit]
        extra = {
            "filters": {"limit": limit, "offset": offset},
            "order_by": order,
            "pagination": {"count": len(page), "total_count": total},
        }
        rows = b",".join(self._show(n, at) for n in page)
        body = b'{"status":%s,"data":[%s],"extra":%s}'
        return Reply(body % (_GOOD, rows, json.dumps(extra).encode()))

    def _chosen(self, query: dict[str, str], at: float) -> list[int]:
        """Return the runs that pass the filters."""
        runs: Iterable[int] = range(len(self.ends))
        if span := query.get("finished_at__range"):
            low, high = (_seconds(text) for text in json.loads(span))
            first = bisect_left(self._sorted_ends, low)
            runs = self._by_end[first : bisect_right(self._sorted_ends, min(high, at))]
        if wanted := query.get("pk__in"):
            ids = {int(id) - FIRST_RUN for id in json.loads(wanted)}
            some = ids.intersection(runs) if span else ids
            runs = (n for n in some if 0 <= n < len(self.ends))
        if statuses := query.get("status__in"):
            among = {int(status) for status in json.loads(statuses)}
            runs = (n for n in runs if self._status(n, at) in among)
        return list(runs)

    def _status(self, n: int, at: float) -> Status:
        return Status.SUCCESS if self.ends[n] <= at else Status.RUNNING

    def _show(self, n: int, at: float) -> bytes:
        fields = {"id": FIRST_RUN + n, "began": self._began, "ended": "null"}
        if self.ends[n] > at:
            return (self._going_on % fields).encode()
        fields["ended"] = f'"{_text(self.ends[n])}"'
        return (self._ended % fields).encode()


def _template(status: Status) -> str:
    """Return a run as the sandbox shows it, with places for its id, beginning and end."""
    trigger = records.Trigger(571, "Started by a DAG that waits for its end [af:6c1f0e2a9b3d/1]")
    run = records.Run(
        id=_ID,
        project_id=5211,
        environment_id=4103,
        job_id=1977,
        trigger=trigger,
        created_at=_BEGAN,
        updated_at=_BEGAN,
        status=status,
        git_branch="main",
        git_sha="5f7a2c1d9e8b4036a1c2d3e4f5061728394a5b6c",
        dbt_version="1.11.0-latest",
        dequeued_at=_BEGAN,
        started_at=_BEGAN,
        finished_at=_ENDED,
    )
    fields = {**run_fields(run, ACCOUNT, _ENDED), "trigger": trigger_fields(run)}
    text = json.dumps(fields).replace("%", "%%").replace(str(_ID), "%(id)s")
    return text.replace(f'"{_ENDED}"', "%(ended)s").replace(str(_BEGAN), "%(began)s")


def _text(seconds: float) -> str:
    return str(datetime.fromtimestamp(seconds, tz=timezone.utc))


def _seconds(text: str) -> float:
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp()


_GOOD = json.dumps(enveloped(None)["status"]).encode()
