"""What one wait puts up with: faults that pass, and a deadline."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_dbtsegment.exceptions import (
    AuthError,
    InvalidRequestError,
    NotFoundError,
    RateLimitedError,
    RequestError,
    WaitFaultsError,
    WaitTimeoutError,
)

#: Seconds for which a service may be out of reach in a row.
FAULT_BUDGET = 15 * 60.0
#: Seconds for which a thing that was just started may not be found yet.
NOT_FOUND_GRACE = 60.0


@dataclass(slots=True)
class Patience:
    """
    What one wait puts up with.

    :param deadline: Seconds since the epoch; `None` waits for ever.
    :param began: When the waiting began, in seconds since the epoch.
    :param fault_budget: Seconds for which the service may be out of reach in a row.
    """

    deadline: float | None
    began: float
    fault_budget: float = FAULT_BUDGET
    _faulty_since: float | None = field(default=None, repr=False)
    _fault: Exception | None = field(default=None, repr=False)

    def answered(self, asked: float) -> None:
        """
        Take note of an answer that was not the last one. Raises when the time was up.

        :param asked: When the look began: what ended after that, but in time, is not in it.
        """
        self._faulty_since = self._fault = None
        self._check_deadline(asked)

    def fault(self, error: Exception, now: float, asked: float | None = None) -> None:
        """
        Take note of a failed look. Raises when it is not to be survived.

        :param asked: When the look began; by default now.
        """
        if isinstance(error, NotFoundError):
            lasting = now - self.began >= NOT_FOUND_GRACE
        else:
            lasting = isinstance(error, (AuthError, InvalidRequestError))
        if lasting or not isinstance(error, RequestError):
            raise error
        self._fault = error
        # A service that is busy is not out of reach: everybody waits a little longer.
        if not isinstance(error, RateLimitedError):
            self._faulty_since = now if self._faulty_since is None else self._faulty_since
            if now - self._faulty_since >= self.fault_budget:
                raise WaitFaultsError(
                    f"The service could not be asked for {self.fault_budget:g} s in a row; "
                    f"the last reason: {error}"
                ) from error
        self._check_deadline(now if asked is None else asked)

    def next_look(self, now: float, interval: float) -> float:
        """Return when to look again: after the interval, and once more at the deadline."""
        due = now + interval
        return due if self.deadline is None else min(due, max(now, self.deadline))

    def is_over_at(self, when: float) -> bool:
        """Return whether the time is up then."""
        return self.deadline is not None and when >= self.deadline

    def _check_deadline(self, now: float) -> None:
        if self.is_over_at(now):
            last = f"; the last look failed: {self._fault}" if self._fault else ""
            raise WaitTimeoutError(
                f"It had not ended when the time was up after {now - self.began:.0f} s{last}."
            ) from self._fault
