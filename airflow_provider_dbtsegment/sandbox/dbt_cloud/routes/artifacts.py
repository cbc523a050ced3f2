"""``/runs/{run_id}/artifacts/``"""

from fastapi import APIRouter
from fastapi.responses import FileResponse, JSONResponse, Response

from airflow_provider_dbtsegment.sandbox.dbt_cloud.envelope import success
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import NotFoundError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.routes.dependencies import KnownRun, Service
from airflow_provider_dbtsegment.sandbox.dbt_cloud.run_folder import RunFolder

router = APIRouter(prefix="/runs/{run_id}/artifacts")


@router.get("/")
def list_artifacts(run: KnownRun, service: Service, step: int | None = None) -> JSONResponse:
    """List the artifacts of a step; of the last one that left any, unless a step is named."""
    folder = service.runs.folder(run)
    index = folder.last_index() if step is None else step
    return success(list(folder.list_artifacts(index)) if index is not None else [])


@router.get("/{remainder:path}")
def get_artifact(
    run: KnownRun, remainder: str, service: Service, step: int | None = None
) -> Response:
    """Send an artifact."""
    return send_artifact(service.runs.folder(run), remainder, step)


def send_artifact(folder: RunFolder, name: str, step: int | None) -> Response:
    """Stream an artifact of a step; of the last one that left any, unless a step is named.

    :raises NotFoundError: when there is none of this name.
    """
    index = folder.last_index() if step is None else step
    path = folder.find_artifact(index, name) if index is not None else None
    if path is None:
        raise NotFoundError
    return FileResponse(path)
