"""The paths of Segment's Public API, each a call of a service."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from .body import Body
from .dbt_model_syncs import DbtModelSyncService
from .guard import Guard, guarded_route
from .models import ModelService
from .paging import PageRequest, cut
from .syncs import SyncService
from .times import Clock

_LAST_CANCEL_REASON = 4


def build_router(
    *,
    guard: Guard,
    models: ModelService,
    syncs: SyncService,
    dbt_model_syncs: DbtModelSyncService,
    clock: Clock,
    workspace: str,
) -> APIRouter:
    """Lay the routes; an endpoint's name is the API's operation id."""
    router = APIRouter(route_class=guarded_route(guard))
    _add_model_routes(router, models)
    _add_sync_routes(router, syncs, clock)

    @router.get("/")
    async def get_workspace() -> JSONResponse:
        slug = "-".join(workspace.lower().split())
        return _data({"workspace": {"id": slug, "slug": slug, "name": workspace}})

    @router.post("/dbt-model-syncs/trigger")
    async def create_dbt_model_sync_trigger(request: Request) -> JSONResponse:
        body = Body.parse(await request.body())
        trigger = dbt_model_syncs.trigger(body.text("sourceId"))
        return _data({"dbtModelSyncTrigger": trigger.to_api()})

    return router


def _add_model_routes(router: APIRouter, models: ModelService) -> None:
    @router.get("/reverse-etl-models")
    async def list_reverse_etl_models(request: Request) -> JSONResponse:
        wanted = PageRequest.parse(
            request.query_params, prefix="pagination.", default=200, largest=1000
        )
        page = cut(models.newest_first(), lambda entry: entry[0], wanted)
        found = [model.to_api() for _, model in page.items]
        return _data({"models": found, "pagination": page.pagination})

    @router.post("/reverse-etl-models")
    async def create_reverse_etl_model(request: Request) -> JSONResponse:
        model = models.create(Body.parse(await request.body()))
        return _data({"reverseEtlModel": model.to_api()}, status=201)

    @router.get("/reverse-etl-models/{model_id}")
    async def get_reverse_etl_model(model_id: str) -> JSONResponse:
        return _data({"reverseEtlModel": models.get(model_id).to_api()})

    @router.patch("/reverse-etl-models/{model_id}")
    async def update_reverse_etl_model(model_id: str, request: Request) -> JSONResponse:
        model = models.update(model_id, Body.parse(await request.body()))
        return _data({"reverseEtlModel": model.to_api()})

    @router.delete("/reverse-etl-models/{model_id}")
    async def delete_reverse_etl_model(model_id: str) -> JSONResponse:
        models.delete(model_id)
        return _data({"status": "SUCCESS"})


def _add_sync_routes(router: APIRouter, syncs: SyncService, clock: Clock) -> None:
    @router.post("/reverse-etl-syncs")
    async def create_reverse_etl_manual_sync(request: Request) -> JSONResponse:
        body = Body.parse(await request.body())
        sync = syncs.start(body.text("sourceId"), body.text("modelId"), body.text("subscriptionId"))
        status = sync.to_api(clock())
        return _data(
            {
                "reverseETLManualSync": {
                    "syncId": status["syncId"],
                    "startedAt": status["startedAt"],
                }
            }
        )

    @router.get("/reverse-etl-models/{model_id}/syncs/{sync_id}")
    async def get_reverse_etl_sync_status(model_id: str, sync_id: str) -> JSONResponse:
        return _data({"reverseETLSyncStatus": syncs.get(model_id, sync_id).to_api(clock())})

    @router.post("/reverse-etl-models/{model_id}/syncs/{sync_id}/cancel")
    async def cancel_reverse_etl_sync_for_model(
        model_id: str, sync_id: str, request: Request
    ) -> JSONResponse:
        body = Body.parse(await request.body())
        if body.has("reasonForCanceling"):
            body.integer("reasonForCanceling", 0, _LAST_CANCEL_REASON)
        answer = syncs.cancel(model_id, sync_id)
        said = {
            "status": answer.status,
            "errorCode": answer.error_code,
            "errorMessage": answer.error_message,
        }
        given = {name: value for name, value in said.items() if value is not None}
        return _data({"modelId": model_id, "syncId": sync_id, **given})

    @router.get("/reverse-etl-models/{model_id}/subscriptionId/{mapping_id}/syncs")
    async def list_reverse_etl_sync_statuses_from_model_and_subscription_id(
        model_id: str, mapping_id: str, request: Request
    ) -> JSONResponse:
        wanted = PageRequest.parse(request.query_params, default=10, largest=100)
        page = cut(syncs.of_mapping(model_id, mapping_id), lambda sync: sync.ordinal, wanted)
        now = clock()
        found = [sync.to_api(now) for sync in page.items]
        return _data({"syncStatuses": found, "pagination": page.pagination})


def _data(data: dict[str, Any], status: int = 200) -> JSONResponse:
    return JSONResponse({"data": data}, status_code=status)
