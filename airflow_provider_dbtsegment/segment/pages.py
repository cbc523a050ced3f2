"""
Addresses of Segment's pages for people.

Segment documents what the address of a mapping's page looks like, not how to make one: it holds the
names of the source and the destination, which have to be looked up. That is done once per task, at
the end of a sync; later runs of the task know the address from the start. The name of the
workspace, of which Segment tells five times a minute, is not asked for: there is a word that leads
to it.
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
from airflow_provider_dbtsegment.segment.base import Rate

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.segment.base import SegmentBase
    from airflow_provider_dbtsegment.segment.types import SyncStatus

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


def reverse_etl_page(api: SegmentBase) -> str:
    """Return the address of the workspace's Reverse ETL, without asking anybody."""
    return f"{_app(api.settings.transport.base_url)}/{SOME_WORKSPACE}/reverse-etl"


def known_page(
    api: SegmentBase, source_id: str, model_id: str, subscription_id: str, before: object = None
) -> str:
    """
    Return the page that shows the syncs of a mapping, or the one above it, without a request.

    :param before: The address that an earlier run of the task has found out, if there was one.
    """
    above, rest = reverse_etl_page(api), _rest(source_id, model_id, subscription_id)
    if isinstance(before, str) and before.startswith(above) and before.endswith(rest):
        return before
    return _remembered(_key(api, source_id, model_id, subscription_id)) or above


def page_at_end(
    api: SegmentBase, sync: SyncStatus, model_id: str, subscription_id: str | None, known: str
) -> str:
    """
    Return the page that shows the syncs of a mapping, or the one above it, once a sync has ended.

    It is looked up if it is not known yet: three requests, for at most 5 seconds. That is not done
    at the start, which would wait for it.

    :param known: The page that is known so far.
    """
    source_id = sync.get("sourceId")
    if known.endswith(_END) or not subscription_id or not isinstance(source_id, str):
        return known or reverse_etl_page(api)
    page = known_page(api, source_id, model_id, subscription_id)
    key = _key(api, source_id, model_id, subscription_id)
    if _remembered(key) is None:
        within = _place(api, source_id, subscription_id, time.monotonic() + PATIENCE)
        if within is not None:
            rest = _rest(source_id, model_id, subscription_id)
            page = f"{reverse_etl_page(api)}/{within}{rest}"
        # What was not found is not looked for again and again.
        _remember(key, page)
    return page


#: How the address of a mapping's page ends.
_END = "/sync-details"


def _rest(source_id: str, model_id: str, subscription_id: str) -> str:
    ids = f"source-id/{_part(source_id)}/model-id/{_part(model_id)}"
    return f"/mappings/{_part(subscription_id)}/{ids}{_END}"


def _key(api: SegmentBase, source_id: str, model_id: str, subscription_id: str) -> Hashable:
    transport = api.settings.transport
    return transport.base_url, transport.auth.digest, source_id, model_id, subscription_id


def _app(base_url: str) -> str:
    """Return where the pages of a workspace are whose API is there."""
    host = urlsplit(base_url).hostname or ""
    if is_loopback(host):
        return base_url
    return "https://eu1.app.segment.com" if host.startswith("eu1.") else "https://app.segment.com"


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
                names = f"destinations/{_part(kind)}/sources/{_part(source)}"
                return f"{names}/instances/{_part(instance)}"
    return None


def _ask(api: SegmentBase, path: str, until: float, count: int | None = None) -> Mapping[str, Any]:
    """Return the ``data`` of an answer, or nothing if there is none soon."""
    left = until - time.monotonic()
    if left <= 0:
        return {}
    params = None if count is None else {"pagination.count": count}
    with suppress(DbtSegmentError):
        return api.hurried(left).request("GET", path, params=params, rate=LOOK_UP)
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
