"""What may be sent again, and when: one predicate and one wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import tenacity

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    NotSentError,
    RateLimitedError,
    ServerError,
)

T = TypeVar("T")

_backoff = tenacity.wait_random_exponential(multiplier=1, max=60)


def may_send_again(error: BaseException, *, repeatable: bool) -> bool | float:
    """
    Say whether a failed request may be sent again: no, yes, or in so many seconds.

    :param error: Why it failed.
    :param repeatable: Whether carrying the request out twice does no harm.
    """
    if isinstance(error, RateLimitedError):
        return True if error.retry_after is None else error.retry_after
    if isinstance(error, NotSentError):
        return not error.final
    return repeatable and isinstance(error, (AnswerLostError, ServerError))


def send(
    attempt: Callable[[], T],
    *,
    repeatable: bool,
    max_attempts: int,
    max_wait: float,
    sleep: Callable[[float], None],
) -> T:
    """
    Call ``attempt`` until it succeeds or may not be called again.

    :param repeatable: Whether carrying the request out twice does no harm.
    :param max_attempts: How often it is sent at most; 1 means once.
    :param max_wait: The longest wait in seconds that a service may ask for before its refusal is
        passed on to the caller.
    :param sleep: Waits for so many seconds.
    """

    def verdict(error: BaseException) -> bool | float:
        return may_send_again(error, repeatable=repeatable)

    def again(error: BaseException) -> bool:
        answer = verdict(error)
        return answer if isinstance(answer, bool) else answer <= max_wait

    def seconds(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        answer = verdict(error) if error else True
        return _backoff(state) if isinstance(answer, bool) else answer

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(again),
        stop=tenacity.stop_after_attempt(max_attempts),
        wait=seconds,
        sleep=sleep,
        reraise=True,
    )
    return retrying(attempt)
