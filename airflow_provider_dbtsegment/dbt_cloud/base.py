"""What all resources of dbt Cloud share: paths, envelope, paging."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from airflow_provider_dbtsegment.exceptions import ConfigurationError
from airflow_provider_dbtsegment.rest.answers import Explanation, shaped
from airflow_provider_dbtsegment.rest.budget import Budget
from airflow_provider_dbtsegment.rest.client import ClientSettings, RestClient
from airflow_provider_dbtsegment.rest.urls import path_segment

#: dbt Cloud returns at most so many entries at once.
PAGE = 100
#: https://docs.getdbt.com/dbt-cloud/api-v2 : requests a minute and account.
REQUESTS_PER_MINUTE = 5000


@dataclass(frozen=True)
class DbtCloudSettings(ClientSettings):
    """
    An account of dbt Cloud and the way to it.

    :param account_id: The account that methods use unless they are told another one.
    :param requests_per_minute: What this process may use of the account's limit.
    """

    account_id: int | None = None
    requests_per_minute: int = REQUESTS_PER_MINUTE


class DbtCloudBase(RestClient[DbtCloudSettings]):
    """Ask dbt Cloud's administrative API."""

    @staticmethod
    def explain(body: Any) -> Explanation:
        """Read dbt Cloud's error envelope."""
        status = body["status"]
        messages = [status.get("user_message"), status.get("developer_message")]
        details = body.get("data")
        if isinstance(details, (dict, list, str)) and details:
            messages.append(details if isinstance(details, str) else json.dumps(details))
        return Explanation(" ".join(str(text) for text in dict.fromkeys(messages) if text))

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        repeatable: bool | None = None,
        kind: type = object,
        needs: tuple[str, ...] = (),
    ) -> Any:
        """
        Send any request and return the ``data`` of the answer.

        :param path: From the root of the host, such as ``/api/v2/accounts/1/runs/``.
        :param params: Query; lists are written as dbt Cloud reads them.
        :param repeatable: Whether doing it twice does no harm; by default as the method says.
        :param kind: What the data must be; another kind counts as a lost answer.
        :param needs: The fields that it must have.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        body = self._envelope(method, path, params=params, json=json, repeatable=repeatable)
        return shaped(body["data"], kind, self._where(method, path), needs)

    def account_path(self, *parts: object, account_id: int | None = None, version: int = 2) -> str:
        """
        Return the path of something within an account.

        :raises ConfigurationError: When no account is known, or an id cannot be one.
        """
        account = self.settings.account_id if account_id is None else account_id
        if account is None:
            raise ConfigurationError(
                "The connection names no dbt Cloud account. Put the account id, the number after "
                "/accounts/ in the address of dbt Cloud's pages, into the login field."
            )
        segments = [path_segment(part, "id") for part in ("accounts", account, *parts)]
        return f"/api/v{version}/" + "/".join(segments) + "/"

    def _envelope(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        params = {key: _query_value(value) for key, value in (kwargs.pop("params") or {}).items()}
        answer = self.transport.request(
            method, path, params=params, budget=self._account_budget(), **kwargs
        )
        body: dict[str, Any] = shaped(answer.body, dict, self._where(method, path))
        return body if "data" in body else {**body, "data": None}

    def _account_budget(self) -> Budget:
        return self._budget("dbt Cloud", self.settings.requests_per_minute)

    def _iterate(
        self, path: str, *, limit: int | None = None, offset: int | None = None, **filters: Any
    ) -> Iterator[Any]:
        """Yield the entries of a list, page by page, up to ``limit`` of them."""
        return islice(self._pages(path, limit, offset or 0, filters), limit)

    def _pages(
        self, path: str, limit: int | None, offset: int, filters: dict[str, Any]
    ) -> Iterator[Any]:
        where = self._where("GET", path)
        size = PAGE if limit is None else min(limit, PAGE)
        while True:
            page = self._envelope("GET", path, params={**filters, "limit": size, "offset": offset})
            for entry in shaped(page["data"], list, where):
                yield shaped(entry, dict, where, needs=("id",))
            offset += len(page["data"])
            pagination = (page.get("extra") or {}).get("pagination") or {}
            if not page["data"] or offset >= pagination.get("total_count", 0):
                return


def _query_value(value: Any) -> Any:
    """Write a value of the query as dbt Cloud reads it: lists and booleans as JSON."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return json.dumps(list(value), separators=(",", ":"))
    return str(value).lower() if isinstance(value, bool) else value
