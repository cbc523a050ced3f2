"""
What must hold in every history.

A try may send a request to start something, though an earlier try of its task run has started
something, only when

- that has ended, and failed; or succeeded only partly, which the task does not accept, or without
  notes between tries; or it was cancelled, by us, or as the user lets it be retried, or without
  notes between tries;
- its end was made use of: a try has succeeded or failed by it, or, where nothing tells whose it is,
  has succeeded by another one that began after its request and so has done the same;
- it has ended and belongs to the tries before a person cleared the task. Without notes, or where
  they were lost, what began before the clearing counts as before it, even if a try since then has
  taken it over.

What is somebody else's is waited for only when the user asks for that, or, where things carry no
mark, when it began after a request whose answer was lost: nothing tells it from ours, and it does
the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.exceptions import LaunchUnknownError, WaitTimeoutError
from airflow_provider_dbtsegment.launch import How, Launch
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.watching.waits import LAST_LOOK
from tests.histories.service import Thing

if TYPE_CHECKING:
    from tests.histories.task import Task

#: Seconds that two looks of a worker take at most, which nothing can interrupt.
TWO_LOOKS = 16.0


def may_start(task: Task) -> None:
    """Check that nothing stands against sending a request to start something."""
    now = task.world.now
    assert task.service.requests_to_start == task.requests_before, "a second request of one try"
    assert not task.service.held or task.beyond, "another request is still held"
    for thing in task.service.ours():
        why = _what_stands_against(task, thing, now)
        assert why is None or task.beyond, f"started though {thing.id} {why}"


def _what_stands_against(task: Task, thing: Thing, now: float) -> str | None:
    outcome = thing.outcome(now)
    if thing.made_up_for:
        return None
    if outcome is None:
        return "is going on"
    loses_notes = task.ledger is None or task.ledger.trouble > 0
    claimed = thing.sender if loses_notes else thing.claimed
    if claimed < task.first_try or outcome is Outcome.FAILED:
        return None
    if outcome is Outcome.CANCELLED:
        unknown = task.ledger is None or (loses_notes and not task.service.can_be_marked)
        excused = unknown or thing.cancelled_by_us or task.retry_cancelled
        return None if excused else "was cancelled by a person"
    if thing.consumed:
        return None
    if outcome is Outcome.PARTIAL:
        accepted = outcome in task.acceptable and task.ledger is not None
        return "has succeeded, partly" if accepted else None
    return "has succeeded"


def at_most_one_each(task: Task) -> None:
    """Check that no try has started two things."""
    senders = [thing.sender for thing in task.service.ours()]
    assert len(senders) == len(set(senders)), "two things of one try"


def launched(task: Task, launch: Launch[Any]) -> None:
    """Check that what is waited for is ours, or asked for."""
    thing = next(one for one in task.service.things if one.id == launch.id)
    if thing.sender or thing.claimed:
        return
    if launch.how is How.REUSED:
        assert task.reuse_existing, "reused without being asked"
    else:
        assert not task.service.can_be_marked, "somebody else's run was taken"
        assert task.lost_requests, "somebody else's sync was taken, though no answer was lost"
        assert thing.began >= min(task.lost_requests) - task.service.longest_lag, "an older sync"


def unknown(task: Task, error: LaunchUnknownError) -> None:
    """Check that a try that cannot know says so, and only then."""
    text = str(error)
    if "written down" in text:
        assert task.ledger is not None
        return
    assert "may" in text
    assert ("mapping" if not task.service.can_be_marked else "runs of job 5") in text
    assert "[af:" in text or not task.service.can_be_marked
    nothing_tells = task.ledger is None and not task.service.can_be_marked
    troubled = task.service.troubled or task.deaths or (task.ledger and task.ledger.trouble)
    assert troubled or nothing_tells, "a false alarm"


def waited(
    thing: Thing,
    *,
    now: float,
    began: float,
    deadline: float | None,
    interval: float,
    blocking: bool,
    result: object,
) -> None:
    """Check the end of one wait."""
    if not isinstance(result, Exception):
        assert thing.outcome(now) is not None, "waited for an end that has not come"
    if deadline is None:
        return
    latest = max(deadline, began) + interval + LAST_LOOK + (TWO_LOOKS if blocking else 0.01)
    assert now <= latest, f"waited {now - deadline:.0f} s beyond the deadline"
    if isinstance(result, WaitTimeoutError):
        missed = max(thing.ends, thing.known) < deadline and result.__cause__ is None
        assert not missed, "missed an end that was there before the deadline"
        assert now >= deadline, "gave up before the deadline"
