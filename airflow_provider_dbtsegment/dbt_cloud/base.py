"""What all resources of dbt Cloud share: paths, envelope, paging."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from airflow_provider_dbtsegment.dbt_cloud.lists import entries
from airflow_provider_dbtsegment.dbt_cloud.query import query_value
from airflow_provider_dbtsegment.exceptions import ConfigurationError
from airflow_provider_dbtsegment.rest.answers import Explanation, shape
from airflow_provider_dbtsegment.rest.budget import Budget
from airflow_provider_dbtsegment.rest.client import ClientSettings, RestClient
from airflow_provider_dbtsegment.rest.listing import Listing, whole_number
from airflow_provider_dbtsegment.rest.pages import Sleep
from airflow_provider_dbtsegment.rest.secrets import mask_secrets, without_secrets
from airflow_provider_dbtsegment.rest.sinks import Target
from airflow_provider_dbtsegment.rest.urls import path_segment

T = TypeVar("T")

#: What a method returns that reads no field itself: the object as dbt Cloud sent it.
Record = dict[str, Any]
#: The ``state`` of what is there, and of what is deleted.
ACTIVE = 1
DELETED = 2
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
        """
        Read dbt Cloud's error envelope.

        :raises ValueError: When it is not that.
        """
        status = body["status"]
        if not isinstance(status["user_message"], (str, type(None))) or status.get("is_success"):
            raise ValueError("not an error of dbt Cloud")
        messages = [status.get("user_message"), status.get("developer_message")]
        details = body.get("data")
        if isinstance(details, (dict, list, str)) and details:
            messages.append(
                details if isinstance(details, str) else json.dumps(without_secrets(details))
            )
        return Explanation(" ".join(str(text) for text in dict.fromkeys(messages) if text))

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        repeatable: bool | None = None,
    ) -> Any:
        """
        Send any request and return the ``data`` of the answer, or all of it where it has none.

        :param path: From the root of the host, such as ``/api/v2/accounts/1/runs/``.
        :param params: Query; lists are written as dbt Cloud reads them.
        :param repeatable: Whether doing it twice does no harm; by default as the method says.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        written = {key: query_value(value) for key, value in (params or {}).items()}
        answer = self.transport.request(
            method,
            path,
            params=written,
            json=json,
            repeatable=repeatable,
            budget=self.budget,
        )
        data = answer.body
        if isinstance(data, dict) and ("data" in data or isinstance(data.get("status"), dict)):
            data = data.get("data")
        mask_secrets(data, self._mask_secret)
        return data

    # One method for each way of asking; what a resource adds is a signature and one line. A path is
    # written as the vendor writes it, from below the account: "v3/projects/{}/adapters/{}/".

    def _get(
        self,
        kind: type[T],
        path: str,
        *ids: object,
        account_id: int | None = None,
        needs: tuple[str, ...] = (),
        **params: Any,
    ) -> T:
        """Read something: a dict, or what else its ``kind`` says."""
        where = self._path(path, *ids, account_id=account_id)
        data = self.request("GET", where, params=params)
        return shape(data, kind, self._where("GET", where), needs)

    def _list(
        self,
        kind: type[T],
        path: str,
        *ids: object,
        account_id: int | None = None,
        limit: int | None = None,
        offset: int | None = None,
        paged: bool = True,
        **filters: Any,
    ) -> Listing[T]:
        """
        List something.

        :param paged: Whether the list is documented to take a limit and an offset. Where it is
            not, they are sent only if the first answer leaves entries out.
        """
        where = self._path(path, *ids, account_id=account_id)
        whole_number(limit, "limit")
        first = (whole_number(offset, "offset") or 0) if paged else None
        return Listing(islice(self._entries(kind, where, limit, first, filters), limit))

    def _send(
        self,
        method: str,
        kind: type[T],
        path: str,
        *ids: object,
        json: Any = None,
        fills: Sequence[str] = (),
        repeatable: bool | None = None,
        account_id: int | None = None,
    ) -> T:
        """
        Create or change something.

        :param fills: Fields that dbt Cloud wants in the body and that are known already: the ids
            of the path and the state; what ``json`` says of them goes first.
        """
        where = self._path(path, *ids, account_id=account_id)
        if fills:
            known: dict[str, object] = {"account_id": self._account(account_id), "state": ACTIVE}
            known |= {"project_id": ids[0]} if "/projects/{}/" in path else {}
            known |= {name: ids[-1] for name in ("id", "pk") if ids}
            json = {**{name: known[name] for name in fills}, **(json or {})}
        data = self.request(method, where, json=json, repeatable=repeatable)
        return shape(data, kind, self._where(method, where))

    def _delete(
        self, path: str, *ids: object, json: Any = None, account_id: int | None = None
    ) -> None:
        """Delete something."""
        self.request("DELETE", self._path(path, *ids, account_id=account_id), json=json)

    def _download(
        self,
        file: Target,
        path: str,
        *ids: object,
        params: Mapping[str, Any] | None = None,
        account_id: int | None = None,
    ) -> int:
        """Stream something to a file and return the number of bytes."""
        where = self._path(path, *ids, account_id=account_id)
        return self.transport.download(where, file, params=params, budget=self.budget)

    def _path(self, path: str, *ids: object, account_id: int | None = None) -> str:
        """
        Return a path from the root, with its ids put in.

        :param path: From below the account, such as ``v3/projects/{}/``, or from the root.
        :raises ConfigurationError: When no account is known, or an id cannot be one.
        """
        if not path.startswith("/"):
            version, rest = path.split("/", 1)
            path, ids = f"/api/{version}/accounts/{{}}/{rest}", (self._account(account_id), *ids)
        return path.format(*(path_segment(one, "id") for one in ids)) if ids else path

    def _account(self, account_id: int | None) -> int:
        account = self.settings.account_id if account_id is None else account_id
        if account is None:
            raise ConfigurationError(
                "The connection names no dbt Cloud account. Put the number that dbt Cloud shows "
                "under Account settings, Account ID into the login field."
            )
        return account

    @property
    def budget(self) -> Budget:
        """What requests are taken from."""
        return self._budget("dbt Cloud", self.settings.requests_per_minute)

    def _entries(
        self,
        kind: type[T],
        path: str,
        limit: int | None,
        offset: int | None,
        filters: Mapping[str, Any],
    ) -> Iterator[T]:
        """Yield a list; nothing is asked before somebody looks."""

        def ask(place: int | None, size: int, sleep: Sleep | None) -> Any:
            paging = {} if place is None else {"limit": size, "offset": place}
            params = {key: query_value(value) for key, value in {**filters, **paging}.items()}
            transport = self.transport if sleep is None else self.transport.sleeping(sleep)
            budget = self.budget
            return transport.request("GET", path, params=params, budget=budget).body

        def mask(data: Any) -> None:
            mask_secrets(data, self._mask_secret)

        where = self._where("GET", path)
        yield from entries(ask, kind, where, mask, limit=limit, offset=offset)
