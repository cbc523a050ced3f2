"""A service that starts runs, a state store and a clock, all in memory, for launch tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    InvalidRequestError,
    NotFoundError,
    NotSentError,
    RateLimitedError,
)
from airflow_provider_dbtsegment.launching.launch import launch_once
from airflow_provider_dbtsegment.launching.marker import Marker
from airflow_provider_dbtsegment.launching.protocol import (
    Attempt,
    CancelledBy,
    Launch,
    LaunchOptions,
    PriorRun,
)
from airflow_provider_dbtsegment.launching.record import LaunchRecords
from airflow_provider_dbtsegment.outcomes import Outcome

WHERE: dict[str, Any] = {"method": "POST", "url": "https://dbt.example/run"}
KEY = "dbtsegment_launch:t"
DIGEST = "00000000"


def marker(attempt: int = 1, max_tries: int = 3, digest: str = DIGEST, **more: Any) -> Marker:
    options = {"deployment_ids": ("a deployment",), **more}
    name = ("d", "r", "t", -1, "t", 0)
    return Marker.create(name, attempt=attempt, max_tries=max_tries, digest=digest, **options)


@dataclass
class Started:
    """A run: its marker, its outcome, and who cancelled it."""

    marker: Marker | None
    outcome: Outcome | None = None
    resumed: int | None = None
    cancelled_by: CancelledBy = CancelledBy.PERSON
    began: float | None = None
    shown_at: float = 0.0


class Service:
    """
    Starts runs, and does to each start what ``faults`` say.

    A fault is ``refuse``, ``before`` or ``after`` (the answer is lost before or after the start was
    carried out), ``not sent``, ``wait``, ``wait 30``, ``conflict``, or a function that is called.
    """

    what = "A run of job 5"
    where = "the service"
    service = "The service"
    noun = "run"
    is_marked = True

    def __init__(self, clock: Clock | None = None, job: int = 5) -> None:
        self.clock = clock or Clock()
        self.job = job
        self.origin = "https://service.example"
        self.runs: dict[int, Started] = {}
        self.faults: list[str | Callable[[], None]] = []
        self.blind = 0
        self.resumable = True
        self.active: list[int] = []
        self.requests: list[str] = []
        self.cancelled: list[int] = []
        self.held: tuple[float, Marker] | None = None
        self.has_time = True
        self.ahead = 0.0

    @property
    def work(self) -> Mapping[str, str | int]:
        return {"service": "a service", "origin": self.origin, "job": self.job}

    @property
    def key(self) -> str:
        return f"a service/job {self.job}"

    def describe_marker(self, marker: Marker) -> str:
        return str(marker)

    def baseline(self) -> Any:
        self.requests.append("baseline")
        return None

    def submit(self, marker: Marker, before_first_byte: Callable[[], None]) -> int:
        return self._start("start", marker, before_first_byte, None)

    def can_resume(self, failed: int) -> bool:
        return self.resumable

    def submit_resume(self, failed: int, marker: Marker, before: Callable[[], None]) -> int:
        return self._start(f"resume {failed}", marker, before, failed)

    def _start(
        self, name: str, marker: Marker, before_first_byte: Callable[[], None], failed: int | None
    ) -> int:
        fault: Any = self.faults.pop(0) if self.faults else ""
        if fault == "not sent":
            raise NotSentError("could not connect", **WHERE)
        if callable(fault):
            fault()
        before_first_byte()
        self.requests.append(name)
        if fault == "refuse":
            raise InvalidRequestError("no", **WHERE, status=422)
        if fault == "conflict":
            raise InvalidRequestError("one is running", **WHERE, status=409)
        if isinstance(fault, str) and fault.startswith("wait"):
            again = fault.removeprefix("wait").strip()
            error = RateLimitedError("slowly", **WHERE, status=429)
            error.retry_after = float(again) if again else None
            raise error
        run_id = 1 + len(self.runs)
        if fault != "before":
            began = self.clock.now + self.ahead
            self.runs[run_id] = Started(marker, resumed=failed, began=began)
        if fault in ("before", "after"):
            raise AnswerLostError("gone", **WHERE)
        return run_id

    def find(self, baseline: Any, since: float | None) -> Sequence[PriorRun[int]]:
        self.requests.append("find")
        if self.blind:
            self.blind -= 1
            raise AnswerLostError("gone", **WHERE)
        if self.held and self.clock.now >= self.held[0]:
            self.runs[1 + len(self.runs)] = Started(self.held[1])
            self.held = None
        found = []
        for run_id, run in sorted(self.runs.items(), reverse=True):
            fields = run.marker and (run.marker.attempt, run.marker.max_tries, run.marker.digest)
            if fields is not None and run.shown_at <= self.clock.now:
                attempt = None if run.resumed else fields[0]
                found.append(PriorRun(run_id, run.outcome, attempt, *fields[1:], run.began))
        return found

    def outcome(self, id: int) -> Outcome | None:
        self.requests.append("get")
        if id not in self.runs:
            raise NotFoundError("no such run", **WHERE, status=404)
        return self.runs[id].outcome

    def find_active(self) -> int | None:
        self.requests.append("active")
        return self.active[0] if self.active else None

    def is_busy(self, error: Exception) -> bool:
        return getattr(error, "status", None) == 409

    def cancelled_by(self, id: int) -> CancelledBy:
        return self.runs[id].cancelled_by

    def server_time(self) -> float | None:
        return self.clock.now + self.ahead if self.has_time else None

    def of(self, work: Mapping[str, Any]) -> Service | None:
        if work.get("origin") != self.origin:
            return None
        other = Service(self.clock, int(work["job"]))
        other.runs, other.cancelled = self.runs, self.cancelled
        return other

    def is_same(self, id: int, marker: str | None) -> bool:
        return id in self.runs and str(self.runs[id].marker) == marker

    def cancel(self, id: int) -> None:
        self.cancelled.append(id)
        self.runs[id].outcome = Outcome.CANCELLED
        self.runs[id].cancelled_by = CancelledBy.US

    def ends(self, run_id: int, outcome: Outcome, by: CancelledBy = CancelledBy.PERSON) -> None:
        self.runs[run_id].outcome = outcome
        self.runs[run_id].cancelled_by = by

    @property
    def starts(self) -> int:
        """How many starts were sent."""
        return sum(name.startswith(("start", "resume")) for name in self.requests)


class Store(dict[str, Any]):
    """A state store; an attempt that is over reads nothing and writes nothing."""

    current: int | None = None

    def of(self, attempt: int) -> StoreOfAttempt:
        self.current = max(attempt, self.current or 0)
        return StoreOfAttempt(self, attempt)


class StoreOfAttempt:
    def __init__(self, store: Store, attempt: int) -> None:
        self._store = store
        self._attempt = attempt

    def get(self, key: str) -> Any:
        return self._store.get(key) if self._attempt == self._store.current else None

    def set(self, key: str, value: Any) -> None:
        if self._attempt != self._store.current:
            raise RuntimeError("no such task instance")
        self._store[key] = value


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def launch(
    service: Any,
    mark: Marker,
    store: Store | None = None,
    options: LaunchOptions | None = None,
    **attempt: Any,
) -> Launch[Any]:
    """Launch as one attempt does."""
    clock = service.clock
    own = store.of(mark.attempt) if store is not None else None
    return launch_once(
        service,
        Attempt(mark, store=own, dag_run_was_cleared=False, **attempt),
        LaunchRecords(own, KEY, ("a deployment",)),
        options,
        clock=clock,
        wall_clock=clock,
        sleep=clock.sleep,
    )


def use(store: Store, attempt: int, use: str, run_id: int = 1) -> None:
    """Write down that an attempt has ended by the outcome of a run."""
    records = LaunchRecords(store.of(attempt), KEY, ("a deployment",))
    records.read()
    found = records.of_id(run_id)
    assert found is not None
    records.write(found[0], replace(found[1], used=use))
