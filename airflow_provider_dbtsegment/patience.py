"""What one wait survives: faults that pass, refusals that are not confirmed yet, and a deadline."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from airflow_provider_dbtsegment.exceptions import (
    AuthError,
    DbtSegmentError,
    InvalidRequestError,
    NotFoundError,
    RateLimitedError,
    RequestError,
    WaitFaultsError,
    WaitTimeoutError,
)
from airflow_provider_dbtsegment.watching.clock import Moment

#: Error budget: seconds in a row for which a service may be out of reach.
FAULT_BUDGET = 15 * 60.0
#: Seconds for which something that was just started may not be found yet.
NOT_FOUND_GRACE = 60.0
#: Seconds for which the service must answer "not found" for something that it has shown before.
NOT_FOUND_CONFIRMATION = 180.0
#: Seconds for which the service must refuse the token.
AUTH_CONFIRMATION = 60.0
#: Seconds between polls, at most, while such an answer is confirmed.
CONFIRMATION_INTERVAL = 20.0
#: Seconds after the deadline at which the last poll begins: clocks are not exact.
AFTER_DEADLINE = 0.01


@dataclass(slots=True)
class Patience:
    """
    What one wait survives.

    Only an answer in the service's own error envelope can end a wait for good. Whatever a gateway
    could have produced counts against the error budget. Durations are measured by the monotonic
    clock, from the first moment that is passed on; the deadline is a wall-clock time.

    :param deadline: Seconds since the epoch; `None` waits for ever.
    :param began: When the wait began, in seconds since the epoch, perhaps in another process.
    :param fault_budget: Seconds in a row for which the service may be out of reach.
    :param seen: Whether the service has shown what is waited for; `None` takes that for granted if
        the wait is older than ``NOT_FOUND_GRACE``, since it would have ended otherwise.
    """

    deadline: float | None
    began: float
    fault_budget: float = FAULT_BUDGET
    seen: bool | None = None
    _began: float | None = field(default=None, repr=False)
    _faulty_since: float | None = field(default=None, repr=False)
    _refused_since: dict[int, float] | None = field(default=None, repr=False)
    _missing_since: float | None = field(default=None, repr=False)
    _fault: Exception | None = field(default=None, repr=False)

    def begun(self, now: Moment) -> float:
        """Return when the wait began, by the monotonic clock."""
        if self._began is None:
            age = max(0.0, now.wall - self.began)
            self._began = now.steady - age
            if self.seen is None:
                self.seen = age >= NOT_FOUND_GRACE
        return self._began

    def resume(self, now: Moment, *, seen: bool, faulty_since: float | None) -> None:
        """
        Take over what an earlier process has noted of this wait.

        :param faulty_since: Since when the service is out of reach, in seconds since the epoch.
        """
        self.begun(now)
        self.seen = seen
        if faulty_since is not None:
            self._faulty_since = now.steady - max(0.0, now.wall - faulty_since)

    def faulty_since(self, now: Moment) -> float | None:
        """Return since when the service is out of reach, in seconds since the epoch."""
        since = self._faulty_since
        return None if since is None else now.wall - (now.steady - since)

    def answered(self, now: Moment, asked: Moment | None = None) -> None:
        """
        Take note of an answer that is not the last one.

        :param asked: When the poll began; what ended after that, but before the deadline, is not in
            its answer. By default now.
        :raises WaitTimeoutError: When the deadline has passed.
        """
        self.begun(now)
        self.seen = True
        self._faulty_since = self._refused_since = self._missing_since = self._fault = None
        self._check_deadline(now, (asked or now).wall)

    def fault(
        self,
        error: Exception,
        now: Moment,
        asked: Moment | None = None,
        *,
        renewed_at: float = -math.inf,
    ) -> None:
        """
        Take note of a failed poll.

        :param asked: When the poll began; by default now.
        :param renewed_at: When the token was replaced last, by the monotonic clock.
        :raises Exception: The error itself, when it is final or a bug.
        :raises WaitFaultsError: When the error budget is used up.
        :raises WaitTimeoutError: When the deadline has passed.
        """
        began = self.begun(now)
        if isinstance(error, DbtSegmentError) and not isinstance(error, RequestError):
            raise error
        # This machine may be short of something for a moment.
        if not isinstance(error, (RequestError, MemoryError, OSError)):
            raise error
        self._fault = error
        from_service = isinstance(error, RequestError) and error.from_service
        if from_service and isinstance(error, InvalidRequestError):
            raise error
        if from_service and isinstance(error, AuthError):
            self._refused_since = self._refused_since or {}
            since = self._refused_since.setdefault(error.status, now.steady)
            if now.steady - max(since, renewed_at) >= AUTH_CONFIRMATION:
                raise error
        elif from_service and isinstance(error, NotFoundError):
            since = self._missing_since = _earlier(self._missing_since, now.steady)
            confirmed = now.steady - since >= NOT_FOUND_CONFIRMATION
            if confirmed if self.seen else now.steady - began >= NOT_FOUND_GRACE:
                raise error
        elif not isinstance(error, RateLimitedError):
            # A service that is busy is not out of reach: its limit is waited for.
            since = self._faulty_since = _earlier(self._faulty_since, now.steady)
            if now.steady - since >= self.fault_budget:
                raise WaitFaultsError(
                    f"The service could not be asked for {self.fault_budget:g} s in a row; "
                    f"the last reason: {error}"
                ) from error
        self._check_deadline(now, (asked or now).wall)

    @property
    def is_confirming(self) -> bool:
        """Return whether the service has refused the last polls, but not for long enough."""
        return self._refused_since is not None or bool(
            self.seen and self._missing_since is not None
        )

    def next_poll(self, now: Moment, interval: float) -> float:
        """
        Return when to poll again, by the monotonic clock.

        :param interval: Seconds between polls; one more poll is made at the deadline.
        """
        due = now.steady + (
            min(interval, CONFIRMATION_INTERVAL) if self.is_confirming else interval
        )
        return due if self.deadline is None else min(due, self.deadline_at(now) + AFTER_DEADLINE)

    def deadline_at(self, now: Moment) -> float:
        """Return the deadline by the monotonic clock, and now if it has passed."""
        return now.steady + max(
            0.0, (math.inf if self.deadline is None else self.deadline) - now.wall
        )

    def is_over_at(self, when: float) -> bool:
        """Return whether a wall-clock time is at or after the deadline."""
        return self.deadline is not None and when >= self.deadline

    def _check_deadline(self, now: Moment, asked: float) -> None:
        if self.is_over_at(asked):
            last = f"; the last look failed: {self._fault}" if self._fault else ""
            waited = now.steady - self.begun(now)
            raise WaitTimeoutError(
                f"It had not ended when the time was up after {waited:.0f} s{last}."
            ) from self._fault


def _earlier(since: float | None, now: float) -> float:
    return now if since is None else since
