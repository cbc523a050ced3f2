"""A page for people: the newest syncs of a mapping, at the address that Segment has for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from .errors import ApiError
from .sync import Sync
from .syncs import SyncService

NEWEST = 25
HEAD = ("Sync", "Started", "Status", "Added", "Updated", "Deleted", "Delivered", "Failed", "Says")
_PATH = (
    "/{workspace}/reverse-etl/destinations/{kind}/sources/{source}/instances/{instance}"
    "/mappings/{mapping_id}/source-id/{source_id}/model-id/{model_id}/sync-details"
)
_NOT_FOUND = "<!doctype html><title>Not found</title><p>There is no such mapping in this sandbox."


def build_pages(syncs: SyncService) -> APIRouter:
    """Lay the routes; they need no token."""
    router = APIRouter(include_in_schema=False)

    @router.get(_PATH)
    def sync_details(mapping_id: str, model_id: str) -> HTMLResponse:
        try:
            found = syncs.of_mapping(model_id, mapping_id)
        except ApiError:
            return HTMLResponse(_NOT_FOUND, status_code=404)
        return HTMLResponse(render(mapping_id, found[:NEWEST]))

    return router


def render(mapping_id: str, syncs: Sequence[Sync]) -> str:
    """Write the page; whatever comes from outside is escaped."""
    head = "".join(f"<th>{name}" for name in HEAD)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}" for cell in _row(one)) for one in syncs)
    title = f"Syncs of {escape(mapping_id)}"
    return (
        f"<!doctype html><meta charset=utf-8><title>{title}</title><h1>{title}</h1>"
        f"<table border=1 cellpadding=6><tr>{head}{rows}</table>"
    )


def _row(sync: Sync) -> Sequence[str]:
    extract, load = sync.extract, sync.load
    counts: list[object] = [""] * 3
    if extract:
        counts = [extract.added, extract.updated, extract.deleted]
    counts += [load.delivered, load.refused] if load else ["", ""]
    started = datetime.fromtimestamp(sync.started_at, timezone.utc)
    texts = [sync.id, f"{started:%Y-%m-%d %H:%M:%S} UTC", sync.status.value]
    return [*texts, *map(str, counts), sync.error or ""]
