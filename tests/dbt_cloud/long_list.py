"""A dbt Cloud with one long list, which answers by limit and offset, some requests at a time."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi, DbtCloudSettings
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.transport import TransportSettings
from tests.scripted_server import Received, Reply, ScriptedServer, serving


class LongList(ScriptedServer):
    """
    A list of runs, the newest first.

    :param latency: Seconds that an answer takes.
    :param cap: How many entries an answer holds at most.
    """

    def __init__(self, length: int, *, latency: float = 0.0, cap: int = 100) -> None:
        super().__init__()
        self.ids = list(range(length))
        self.latency = latency
        self.cap = cap
        #: The offsets that were asked for, as the requests came.
        self.asked: list[int] = []
        self.most_at_once = 0
        #: What is answered at an offset instead, as often as it says.
        self.instead: dict[int, list[Reply]] = {}
        #: What happens to the list before a request is answered.
        self.before_answer: Callable[[LongList], None] = lambda _: None
        self._at_once = 0
        self._one_answer = threading.Lock()

    def reply_to(self, request: Received) -> Reply:
        """Answer with a page."""
        query = {name: int(values[0]) for name, values in _query(request).items()}
        limit, offset = query.get("limit", self.cap), query.get("offset", 0)
        with self._one_answer:
            self.asked.append(offset)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.before_answer(self)
            rows = self.ids[offset : offset + min(limit, self.cap)]
            pagination = {"count": len(rows), "total_count": len(self.ids)}
            instead = self.instead.get(offset)
        time.sleep(self.latency)
        with self._one_answer:
            self._at_once -= 1
            if instead:
                return instead.pop(0)
        data = [{"id": number} for number in rows]
        return Reply(body=json.dumps({"data": data, "extra": {"pagination": pagination}}))


def _query(request: Received) -> Mapping[str, list[str]]:
    return parse_qs(urlsplit(request.path).query)


@contextmanager
def api_of(
    server: ScriptedServer, *, requests_per_minute: int = 100_000, **settings: Any
) -> Iterator[DbtCloudApi]:
    """Speak to a server; each request is sent once unless something else is said."""
    transport = TransportSettings(server.url, TokenAuth("t0k"), **{"max_attempts": 1, **settings})
    api = DbtCloudApi(
        DbtCloudSettings(transport, account_id=7, requests_per_minute=requests_per_minute)
    )
    try:
        yield api
    finally:
        api.close()


@contextmanager
def listed(length: int, **options: Any) -> Iterator[tuple[LongList, DbtCloudApi]]:
    """Serve a long list, and speak to it."""
    with serving(LongList(length, **options)) as server, api_of(server) as api:
        yield server, api
