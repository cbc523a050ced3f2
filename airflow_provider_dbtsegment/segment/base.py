"""What all resources of Segment's Public API share: media types, envelope, paging."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from airflow_provider_dbtsegment.rest.answers import Explanation, shape
from airflow_provider_dbtsegment.rest.client import ClientSettings, RestClient

#: https://docs.segmentapis.com : the hosts of the Public API.
REGIONS = {"US": "api.segmentapis.com", "EU": "eu1.api.segmentapis.com"}

#: Segment chooses the version of an endpoint by media type.
REVERSE_ETL = "application/vnd.segment.v1alpha+json"
DBT = "application/vnd.segment.v1beta+json"

#: Requests a minute and token, where Segment documents a limit of its own.
START_SYNC = ("start a sync", 20)
SYNC_STATUS = ("sync status", 250)
START_DBT_SYNC = ("start a dbt model sync", 10)
#: What this package allows itself on the other endpoints.
OTHERS = ("others", 250)


@dataclass(frozen=True)
class SegmentSettings(ClientSettings):
    """A workspace of Segment and the way to it; the token decides which workspace."""


class SegmentBase(RestClient[SegmentSettings]):
    """Ask Segment's Public API."""

    @staticmethod
    def explain(body: Any) -> Explanation:
        """Read Segment's error envelope."""
        errors = body["errors"]
        sentences = []
        for error in errors:
            field = f"{error['field']}: " if error.get("field") else ""
            sentences.append(f"{field}{error.get('message') or error.get('type')}")
        wait = (errors[0].get("data") or {}).get("msBeforeNext") if errors else None
        return Explanation(" ".join(sentences), None if wait is None else float(wait) / 1000)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        media_type: str = REVERSE_ETL,
        repeatable: bool | None = None,
        limit: tuple[str, int] = OTHERS,
        key: str | None = None,
        needs: tuple[str, ...] = (),
    ) -> Any:
        """
        Send any request and return the ``data`` of the answer.

        :param path: From the root of the host, such as ``/reverse-etl-models``.
        :param media_type: The version of the endpoint.
        :param repeatable: Whether doing it twice does no harm; by default as the method says.
        :param limit: The name of a limit and its requests a minute.
        :param key: Return this part of the data, which must be an object.
        :param needs: The fields that it must have; without them it counts as a lost answer.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        headers = {"Accept": f"{media_type}, application/json"}
        if json is not None:
            headers["Content-Type"] = media_type
        answer = self.transport.request(
            method,
            path,
            params=params,
            json=json,
            headers=headers,
            repeatable=repeatable,
            budget=self._budget(*limit),
        )
        where = self._where(method, path)
        data = shape(shape(answer.body, dict, where).get("data"), dict, where)
        return shape(data if key is None else data.get(key), dict, where, needs)

    def _iterate(
        self, path: str, key: str, *, limit: int | None, page: int, prefix: str = ""
    ) -> Iterator[Any]:
        """
        Yield the entries of a list, page by page, up to ``limit`` of them.

        :param key: Where the entries stand in the answer.
        :param page: How many Segment returns at once.
        :param prefix: What stands before ``count`` and ``cursor`` in the query.
        """
        return islice(self._pages(path, key, min(page, limit or page), prefix), limit)

    def _pages(self, path: str, key: str, count: int, prefix: str) -> Iterator[Any]:
        cursor: str | None = None
        while True:
            params = {f"{prefix}count": count, f"{prefix}cursor": cursor}
            data = self.request("GET", path, params=params)
            where = self._where("GET", path)
            for entry in shape(data.get(key), list, where):
                yield shape(entry, dict, where)
            following = (data.get("pagination") or {}).get("next")
            if not following or following == cursor:
                return
            cursor = following
