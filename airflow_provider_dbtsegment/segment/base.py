"""What all resources of Segment's Public API share: media types, envelope, paging."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from airflow_provider_dbtsegment.exceptions import ShortListError
from airflow_provider_dbtsegment.rest.answers import Explanation, shape
from airflow_provider_dbtsegment.rest.budget import Budget
from airflow_provider_dbtsegment.rest.client import ClientSettings, RestClient
from airflow_provider_dbtsegment.rest.listing import Listing, whole_number
from airflow_provider_dbtsegment.rest.secrets import mask_secrets

T = TypeVar("T")

#: https://docs.segmentapis.com : the hosts of the Public API.
REGIONS = {"US": "api.segmentapis.com", "EU": "eu1.api.segmentapis.com"}

#: Segment chooses the version of an endpoint by media type.
REVERSE_ETL = "application/vnd.segment.v1alpha+json"
DBT = "application/vnd.segment.v1beta+json"

#: An endpoint, or several, and how many requests a minute and token it takes.
Rate = tuple[str, int]
#: Where Segment documents a rate of its own.
START_SYNC: Rate = ("start a sync", 20)
SYNC_STATUS: Rate = ("sync status", 250)
START_DBT_SYNC: Rate = ("start a dbt model sync", 10)
READ_WORKSPACE: Rate = ("read the workspace", 5)
#: What this package allows itself on the other endpoints.
OTHERS: Rate = ("others", 250)


@dataclass(frozen=True)
class SegmentSettings(ClientSettings):
    """A workspace of Segment and the way to it; the token decides which workspace."""


class SegmentBase(RestClient[SegmentSettings]):
    """Ask Segment's Public API."""

    @staticmethod
    def explain(body: Any) -> Explanation:
        """
        Read Segment's error envelope.

        :raises ValueError: When it is not that.
        """
        errors = body["errors"]
        # Every error has a type, and none comes with data.
        if not errors or "data" in body or not all(isinstance(one["type"], str) for one in errors):
            raise ValueError("not an error of Segment")
        sentences = []
        for error in errors:
            field = f"{error['field']}: " if error.get("field") else ""
            sentences.append(f"{field}{error.get('message') or error.get('type')}")
        wait = (errors[0].get("data") or {}).get("msBeforeNext")
        return Explanation(" ".join(sentences), None if wait is None else float(wait) / 1000)

    @property
    def budget(self) -> Budget:
        """What looks at syncs are taken from."""
        return self._budget(*SYNC_STATUS)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        media_type: str = REVERSE_ETL,
        repeatable: bool | None = None,
        rate: Rate = OTHERS,
    ) -> dict[str, Any]:
        """
        Send any request and return the ``data`` of the answer, which an empty one has not.

        :param path: From the root of the host, such as ``/reverse-etl-models``.
        :param media_type: The version of the endpoint.
        :param repeatable: Whether doing it twice does no harm; by default as the method says.
        :param rate: What it counts as, and how many of those Segment takes a minute.
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
            budget=self._budget(*rate),
        )
        where = self._where(method, path)
        if answer.body is None:
            return {}
        data = shape(shape(answer.body, dict, where).get("data"), dict[str, Any], where)
        mask_secrets(data, self._mask_secret)
        return data

    # One method for each way of asking; what an endpoint adds is a signature and one line.

    def _get(self, kind: type[T], key: str, path: str, *, rate: Rate = OTHERS) -> T:
        """Read something: what the answer holds under ``key``."""
        return self._send("GET", kind, key, path, rate=rate)

    def _list(
        self,
        kind: type[T],
        key: str,
        path: str,
        *,
        limit: int | None,
        page: int,
        prefix: str = "",
        rate: Rate = OTHERS,
    ) -> Listing[T]:
        """
        List something.

        :param page: How many entries Segment returns at once.
        :param prefix: What stands before ``count`` and ``cursor`` in the query.
        :raises ConfigurationError: When the limit is no whole number of at least 0.
        """
        limit = whole_number(limit, "limit")
        where = self._where("GET", path)
        size = page if limit is None else min(limit, page)
        return Listing(islice(self._entries(kind, key, path, size, prefix, rate, where), limit))

    def _send(
        self,
        method: str,
        kind: type[T],
        key: str | None,
        path: str,
        *,
        json: Any = None,
        media_type: str = REVERSE_ETL,
        repeatable: bool | None = None,
        rate: Rate = OTHERS,
    ) -> T:
        """
        Create or change something.

        :param key: Where it stands in the answer; `None` is the whole of it.
        """
        data = self.request(
            method, path, json=json, media_type=media_type, repeatable=repeatable, rate=rate
        )
        return shape(data if key is None else data.get(key), kind, self._where(method, path))

    def _entries(
        self,
        kind: type[T],
        key: str,
        path: str,
        size: int,
        prefix: str,
        rate: Rate,
        where: Mapping[str, str],
    ) -> Iterator[T]:
        """Yield a list page by page."""
        cursors: list[str | None] = [None]
        seen = 0
        while True:
            params = {f"{prefix}count": size, f"{prefix}cursor": cursors[-1]}
            data = self.request("GET", path, params=params, rate=rate)
            rows = shape(data.get(key), list, where)
            yield from (shape(row, kind, where) for row in rows)
            seen += len(rows)
            pagination = shape(data.get("pagination") or {}, dict, where)
            cursor = pagination.get("next")
            if not cursor:
                total = pagination.get("totalEntries")
                if isinstance(total, (int, float)) and seen < total:
                    message = f"promised {total:g} entries and left out {total - seen:g}; ask again"
                    raise ShortListError(message, **where)
                return
            if cursor in cursors:
                message = f"goes round in a circle after {seen} entries, without an end"
                raise ShortListError(message, **where)
            cursors.append(cursor)
