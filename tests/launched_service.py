"""A service that starts things, a ledger and a clock, all made up, for those who launch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    InvalidRequestError,
    NotFoundError,
)
from airflow_provider_dbtsegment.launch import Launch, launch_once
from airflow_provider_dbtsegment.launchable import Found
from airflow_provider_dbtsegment.marker import Marker
from airflow_provider_dbtsegment.outcomes import Outcome

WHERE = {"method": "POST", "url": "https://dbt.example/run"}


def marker(try_number: int = 1, first_try: int = 1, **changed: Any) -> Marker:
    names = {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": -1, **changed}
    return Marker(**names, try_number=try_number, first_try=first_try)


class Service:
    """Runs things, and may lose answers: ``before`` or ``after`` having carried a request out."""

    what = "A run"
    where = "the service"
    is_marked = True
    advice = "Ask somebody."

    def __init__(self) -> None:
        self.started: dict[int, tuple[int, Outcome | None]] = {}
        self.faults: list[str] = []
        self.blind = 0
        self.retriable = True
        self.retried: list[int] = []
        self.others: list[int] = []
        self.mark = marker()
        self.doubts: list[Found[int]] = []
        self.requests = 0
        self.held: tuple[Clock, float] | None = None

    def sign(self, marker: Marker) -> str:
        return str(marker)

    def doubtful(self) -> Sequence[Found[int]]:
        return self.doubts

    def baseline(self) -> None:
        return None

    def carry_out_at(self, clock: Clock, at: float) -> None:
        """Carry out a request that somebody has held, when the time has come."""
        self.held = (clock, at)

    def submit(self) -> int:
        self.requests += 1
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "refuse":
            raise InvalidRequestError("no", **WHERE, status=422)
        run_id = len(self.started) + 1
        if fault != "before":
            self.started[run_id] = (self.mark.try_number, None)
        if fault in ("before", "after"):
            raise AnswerLostError("gone", **WHERE)
        return run_id

    def can_retry(self, failed: int) -> bool:
        return self.retriable

    def submit_retry(self, failed: int) -> int:
        self.retried.append(failed)
        return self.submit()

    def find(self, baseline: Any) -> Sequence[Found[int]]:
        if self.blind:
            self.blind -= 1
            raise AnswerLostError("gone", **WHERE)
        if self.held and self.held[0].now >= self.held[1]:
            self.held = None
            self.started[len(self.started) + 1] = (1, None)
        return [
            Found(run_id, outcome, number)
            for run_id, (number, outcome) in sorted(self.started.items(), reverse=True)
        ]

    def outcome(self, id: int) -> Outcome | None:
        if id not in self.started:
            raise NotFoundError("no such run", **WHERE, status=404)
        return self.started[id][1]

    def going_on(self) -> int | None:
        return self.others[0] if self.others else None

    def ends(self, run_id: int, outcome: Outcome) -> None:
        self.started[run_id] = (self.started[run_id][0], outcome)


class Store(dict[str, Any]):
    def set(self, key: str, value: Any) -> None:
        self[key] = value


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def launch(
    service: Service,
    mark: Marker,
    ledger: Store | None = None,
    clock: Clock | None = None,
    **options: Any,
) -> Launch[int]:
    service.mark = mark
    clock = clock or Clock()
    return launch_once(service, mark, ledger=ledger, clock=clock, sleep=clock.sleep, **options)
