"""How long the nodes of a run took."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import NotFoundError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.replies import reply

if TYPE_CHECKING:
    from fastapi.responses import Response

    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call

FIELDS = ("unique_id", "status", "thread_id", "execution_time", "timing")


def show_timing(call: Call) -> Response:
    """Show when each node of a run was compiled and executed."""
    run = call.service.runs.get(int(call.path["run_id"]))
    if run.project_id != call.path["project_id"]:
        raise NotFoundError
    folder = call.service.runs.folder(run)
    index = folder.last_index()
    path = folder.find_artifact(index, "run_results.json") if index is not None else None
    results: list[dict[str, Any]] = json.loads(path.read_bytes())["results"] if path else []
    return reply(call, [{name: one.get(name) for name in FIELDS} for one in results])


HANDLERS = {
    (
        "GET",
        "/api/v3/accounts/{account_id}/projects/{project_id}/runs/{run_id}/timing/",
    ): show_timing,
}
