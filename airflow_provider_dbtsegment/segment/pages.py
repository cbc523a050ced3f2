"""
Addresses of Segment's pages for people.

Segment documents what the address of a mapping's page looks like, not how to make one: it holds the
names of the workspace, the source and the destination, which have to be asked for. That is done
once in a process, quickly, and never matters more than the sync: who cannot know the page gets the
one above it.
https://docs.segmentapis.com/tag/Reverse-ETL#operation/createReverseEtlManualSync
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from airflow_provider_dbtsegment.exceptions import DbtSegmentError
from airflow_provider_dbtsegment.rest.urls import is_loopback, path_segment
from airflow_provider_dbtsegment.segment.base import READ_WORKSPACE, Rate

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.segment.base import SegmentBase

#: Seconds for finding out a page.
PATIENCE = 5.0
#: So many destinations of a source are looked at, and so many pages remembered.
MOST_DESTINATIONS = 20
REMEMBERED = 1000
#: Segment leads who opens an address with this word to the workspace in which they were last.
SOME_WORKSPACE = "goto-my-workspace"
LOOK_UP: Rate = ("look up pages", 60)

_lock = threading.Lock()
_known: OrderedDict[Hashable, str] = OrderedDict()


def reverse_etl_page(api: SegmentBase, workspace: str = SOME_WORKSPACE) -> str:
    """Return the address of a workspace's Reverse ETL, without asking anybody."""
    return f"{_app(api.settings.transport.base_url)}/{_part(workspace)}/reverse-etl"


def sync_page(api: SegmentBase, source_id: str, model_id: str, subscription_id: str) -> str:
    """Return the address of the page that shows the syncs of a mapping, or of the one above it."""
    transport = api.settings.transport
    whose = (transport.base_url, transport.auth.digest)
    key = (*whose, source_id, model_id, subscription_id)
    page = _remembered(key)
    if page is None:
        until = time.monotonic() + PATIENCE
        workspace = _remembered(whose) or _workspace(api, until)
        if workspace is not None:
            _remember(whose, workspace)
        above = reverse_etl_page(api, workspace or SOME_WORKSPACE)
        within = _place(api, source_id, subscription_id, until)
        page = above
        if within is not None:
            ids = f"source-id/{_part(source_id)}/model-id/{_part(model_id)}"
            page = f"{above}/{within}/mappings/{_part(subscription_id)}/{ids}/sync-details"
        # What was not found is not looked for again and again.
        _remember(key, page)
    return page


def _app(base_url: str) -> str:
    """Return where the pages of a workspace are whose API is there."""
    host = urlsplit(base_url).hostname or ""
    if is_loopback(host):
        return base_url
    return "https://eu1.app.segment.com" if host.startswith("eu1.") else "https://app.segment.com"


def _workspace(api: SegmentBase, until: float) -> str | None:
    answer = _ask(api, "/", until, READ_WORKSPACE)
    return _text(answer.get("workspace"), "slug")


def _place(api: SegmentBase, source_id: str, subscription_id: str, until: float) -> str | None:
    """Return the part of the address that names destination and source of a mapping."""
    with suppress(DbtSegmentError):
        where = f"/sources/{path_segment(source_id, 'source id')}"
        source = _text(_ask(api, where, until).get("source"), "slug")
        if source is None:
            return None
        destinations = _ask(api, f"{where}/connected-destinations", until, count=200)
        for one in _entries(destinations, "destinations", MOST_DESTINATIONS):
            kind, instance = _text(one.get("metadata"), "slug"), _text(one, "id")
            if kind is None or instance is None:
                continue
            path = f"/destinations/{path_segment(instance, 'destination id')}/subscriptions"
            listed = _entries(_ask(api, path, until, count=200), "subscriptions", 200)
            if any(_text(mapping, "id") == subscription_id for mapping in listed):
                return f"destinations/{_part(kind)}/sources/{_part(source)}/instances/{instance}"
    return None


def _ask(
    api: SegmentBase, path: str, until: float, rate: Rate = LOOK_UP, count: int | None = None
) -> Mapping[str, Any]:
    """Return the ``data`` of an answer, or nothing if there is none soon."""
    left = until - time.monotonic()
    if left <= 0:
        return {}
    params = None if count is None else {"pagination.count": count}
    with suppress(DbtSegmentError):
        return api.hurried(left).request("GET", path, params=params, rate=rate)
    return {}


def _entries(answer: Mapping[str, Any], name: str, most: int) -> Iterator[Mapping[str, Any]]:
    listed = answer.get(name)
    for entry in listed[:most] if isinstance(listed, list) else ():
        if isinstance(entry, dict):
            yield entry


def _text(holder: Any, name: str) -> str | None:
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, str) and 0 < len(value) <= 200 else None


def _part(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _remembered(key: Hashable) -> str | None:
    with _lock:
        return _known.get(key)


def _remember(key: Hashable, text: str) -> None:
    with _lock:
        _known[key] = text
        while len(_known) > REMEMBERED:
            _known.popitem(last=False)
