"""Faults that are often wanted, by name."""

from __future__ import annotations

from airflow_provider_dbtsegment.sandbox.faults.fault import Action, Fault
from airflow_provider_dbtsegment.sandbox.segment.errors import ApiError

GATEWAY_PAGE = (
    "<html><head><title>502 Bad Gateway</title></head>"
    "<body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>"
)
ANY_RUN_OR_SYNC = r"/(runs|syncs)(/|\?|$)"


def server_error(route: str, count: int | None = 1) -> Fault:
    """Answer 500 in the envelope of the service, and process nothing."""
    return Fault(route, Action.ANSWER, count=count, status=500)


def bad_gateway(route: str, count: int | None = 1) -> Fault:
    """Answer 502 with an HTML page, and process nothing."""
    return Fault(route, Action.ANSWER, count=count, status=502, body=GATEWAY_PAGE)


def too_many_requests(
    route: str,
    count: int | None = 1,
    *,
    retry_after: int | None = None,
    ms_before_next: int | None = None,
) -> Fault:
    """Answer 429, and process nothing.

    :param retry_after: seconds for the header; without it, there is none.
    :param ms_before_next: milliseconds for the body, as Segment gives them; only for its routes.
        With ``retry_after``, its answers say it in both places anyway.
    """
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    body = None
    if ms_before_next is not None:
        data = {"remainingPoints": 0, "msBeforeNext": ms_before_next}
        error = ApiError(429, "too-many-requests", "Rate limit exceeded.", data=data)
        body = error.envelope()
    return Fault(route, Action.ANSWER, count=count, status=429, headers=headers, body=body)


def unauthorized(route: str, lasting: float) -> Fault:
    """Answer 401 for so many seconds from the first hit on, and process nothing."""
    return Fault(route, Action.ANSWER, count=None, lasting=lasting, status=401)


def bulk_refused(count: int | None = None) -> Fault:
    """Answer 400 to lists of runs that are asked for by ``pk__in``."""
    return Fault(r"GET .*/runs/\?.*pk__in", Action.ANSWER, count=count, status=400)


def bulk_incomplete(leave_out: int | None = 1, count: int | None = None) -> Fault:
    """Leave the first runs out of lists that are asked for by ``pk__in``; None leaves out all."""
    return Fault(r"GET .*/runs/\?.*pk__in", Action.LEAVE_OUT, count=count, leave_out=leave_out)


def unborn(seconds: float, route: str = ANY_RUN_OR_SYNC) -> Fault:
    """Know nothing of runs and syncs for the first seconds of their lives."""
    return Fault(route, Action.UNBORN, count=None, seconds=seconds)
