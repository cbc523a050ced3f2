"""Sources, destinations and mappings as the API lists them, for who wants to know what there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from .config import DestinationSettings, SegmentConfig
from .errors import not_found
from .guard import Guard, guarded_route


def build_catalog(settings: SegmentConfig, guard: Guard) -> APIRouter:
    """Lay the routes; they only read, and answer with all there is on one page."""
    router = APIRouter(route_class=guarded_route(guard))

    @router.get("/sources/{source_id}")
    async def get_source(source_id: str) -> JSONResponse:
        source = settings.sources.get(source_id)
        if source is None:
            raise not_found("source", source_id, "sourceId")
        # As in Segment, what stands in addresses is made of the name.
        return _data({"source": {"id": source.id, "slug": slug(source.name), "name": source.name}})

    @router.get("/sources/{source_id}/connected-destinations")
    async def list_connected_destinations_from_source(source_id: str) -> JSONResponse:
        if source_id not in settings.sources:
            raise not_found("source", source_id, "sourceId")
        models = {one.id for one in settings.models.values() if one.source_id == source_id}
        mappings = [one for one in settings.mappings.values() if one.model_id in models]
        ids = dict.fromkeys(one.destination_id for one in mappings)
        found = [_destination(settings.destinations[id_], source_id) for id_ in ids]
        return _data({"destinations": found, "pagination": {"totalEntries": len(found)}})

    @router.get("/destinations/{destination_id}/subscriptions")
    async def list_subscriptions_from_destination(destination_id: str) -> JSONResponse:
        if destination_id not in settings.destinations:
            raise not_found("destination", destination_id, "destinationId")
        found = [
            {"id": one.id, "name": one.id, "modelId": one.model_id, "destinationId": destination_id}
            for one in settings.mappings.values()
            if one.destination_id == destination_id
        ]
        return _data({"subscriptions": found, "pagination": {"totalEntries": len(found)}})

    return router


def slug(name: str) -> str:
    """Return a name as it stands in an address."""
    return "-".join(name.lower().split())


def _destination(destination: DestinationSettings, source_id: str) -> Mapping[str, Any]:
    kind = {"id": destination.id, "slug": slug(destination.name), "name": destination.name}
    return {"id": destination.id, "name": destination.name, "sourceId": source_id, "metadata": kind}


def _data(data: dict[str, Any]) -> JSONResponse:
    return JSONResponse({"data": data})
