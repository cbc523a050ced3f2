"""dbtc, whose answers are looked at: it never raises when a call is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dbtc import dbtCloudClient

from airflow_provider_dbtsegment.sandbox.testing import Sandbox

# These two answer with the file itself, which has no envelope.
FILES = {"get_run_artifact", "get_most_recent_run_artifact"}


class Judge:
    """Calls dbtc's methods by name; returns the data of answers that say that they succeeded.

    :param called: where the names of the methods go that have succeeded.
    """

    def __init__(self, sandbox: Sandbox, called: set[str]) -> None:
        host = sandbox.url.removeprefix("https://")
        self.cloud = dbtCloudClient(service_token=sandbox.dbt_token, host=host).cloud
        self.cloud.console = Quiet()
        self._called = called

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_: object) -> None:
        self.cloud.session.close()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.cloud, name)

        def call(*args: Any, **options: Any) -> Any:
            answer = method(*args, **options)
            if name in FILES:
                assert not _is_refusal(answer), answer
            else:
                assert answer["status"]["is_success"] is True, answer
                answer = answer["data"]
            self._called.add(name)
            return answer

        return call

    def refused(self, name: str, *args: Any, **options: Any) -> dict[str, Any]:
        """Call a method that is to be refused, and return the status of the answer."""
        answer = getattr(self.cloud, name)(*args, **options)
        assert _is_refusal(answer), answer
        status: dict[str, Any] = answer["status"]
        return status

    @contextmanager
    def sending(self, body: Any) -> Iterator[None]:
        """Send a body that dbtc leaves out, or hands to requests under a wrong name."""
        session = self.cloud.session
        send = session.request

        def request(*, payload: Any = None, **options: Any) -> Any:
            return send(**options, json=body)

        session.request = request
        try:
            yield
        finally:
            del session.request

    def page(self, name: str, *args: Any, **options: Any) -> tuple[list[Any], int]:
        """Call a method that lists, and return what it lists and how many there are in all."""
        answer = getattr(self.cloud, name)(*args, **options)
        assert answer["status"]["is_success"] is True, answer
        pagination = answer["extra"]["pagination"]
        assert pagination["count"] == len(answer["data"])
        self._called.add(name)
        return answer["data"], pagination["total_count"]


class Quiet:
    """dbtc's console.

    :param heard: is told every line.
    """

    def __init__(self, heard: Callable[[str], None] = lambda line: None) -> None:
        self._heard = heard

    def log(self, line: str) -> None:
        """Take a line."""
        self._heard(line)

    @contextmanager
    def status(self, *_: Any, **__: Any) -> Iterator[Quiet]:
        """Take a spinner."""
        yield self


def ids(records: list[dict[str, Any]]) -> list[int]:
    """Return the ids of records."""
    return [record["id"] for record in records]


def names(records: list[dict[str, Any]]) -> list[str]:
    """Return the names of records."""
    return [record["name"] for record in records]


def _is_refusal(answer: Any) -> bool:
    status = answer.get("status") if isinstance(answer, dict) else None
    return isinstance(status, dict) and status.get("is_success") is False
