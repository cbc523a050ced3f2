"""A destination that posts each record to an address."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import requests
import urllib3
from requests.adapters import HTTPAdapter

from .record import Record, Refusal

_LONGEST_ANSWER = 200


class Webhook:
    """Posts the records of a batch side by side; anything but a 2xx refuses the record."""

    def __init__(self, url: str, timeout_seconds: float, concurrency: int) -> None:
        self.batch_size = concurrency
        self._url = url
        self._timeout = timeout_seconds
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the environment would see the rows
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=concurrency)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="segment-webhook")

    def deliver(self, records: Sequence[Record]) -> list[Refusal]:
        """Post the batch and wait for all of its answers."""
        reasons = self._threads.map(self._post, records)
        return [
            Refusal(position, (reason,))
            for position, reason in enumerate(reasons)
            if reason is not None
        ]

    def close(self) -> None:
        """End the threads; posts that are under way finish within their time-out."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._session.close()

    def _post(self, record: Record) -> str | None:
        """Return why the record was refused, or None."""
        try:
            with self._session.post(
                self._url,
                json=record.to_json(),
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,  # an answer of any size must not fill the memory
            ) as response:
                said = response.raw.read(_LONGEST_ANSWER, decode_content=True)
                if 200 <= response.status_code < 300:
                    return None
                return f"HTTP {response.status_code}: {said.decode('utf-8', 'replace')}"
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            return f"{type(error).__name__}: {error}"
