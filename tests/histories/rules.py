"""
What must hold in every history.

An attempt may send a start, though an earlier attempt of its task instance has started something of
the same work, only if

- that has ended, and failed; or it was cancelled by the task itself or by the service, or as the
  user lets it be started again;
- its success was used, or nothing tells it from another one that an attempt has succeeded by;
- the task was cleared after an attempt had taken it for its own: then what has ended is started
  again, and so is what is running with other settings.

An attempt that is over sends nothing. An attempt sends at most one start whose outcome can stay
unknown. What is somebody else's is waited for only if the user asks for that, or, where nothing is
marked, if it began after the task's first attempt and a start whose answer was lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.exceptions import (
    LaunchUnknownError,
    WaitFaultsError,
    WaitTimeoutError,
)
from airflow_provider_dbtsegment.launching.protocol import Launch, Origin
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.watching.feed import SWEEP
from airflow_provider_dbtsegment.watching.waits import LAST_LOOK
from tests.histories.service import PAGE, Thing

if TYPE_CHECKING:
    from tests.histories.task import Task

#: Seconds that two polls of a worker take at most, which nothing can interrupt.
TWO_LOOKS = 16.0
#: Seconds from a list that does not show a run to the start that follows it, at most.
LISTING = 10.0
#: By how much an interval is longer at most, so that polls are spread and gathered.
MOST_SPREAD = 1.25


def may_start(task: Task, sender: int) -> None:
    """Check that nothing forbids the start that an attempt sends."""
    now = task.world.now
    assert sender == task.number, "a start of an attempt that is over"
    assert task.state == "running", "a start of an attempt that has ended"
    assert not task.service.sent[sender], "a second start of one attempt"
    held = task.service.held[task.work]
    assert not held or task.beyond, "another start is still held"
    for thing in task.service.ours(task.work):
        why = _what_forbids(task, thing, now)
        assert why is None or task.beyond, f"started though {thing.id} {why}"


def _what_forbids(task: Task, thing: Thing, now: float) -> str | None:
    outcome = thing.outcome(now)
    if thing.made_up_for:
        return None
    # Without records, what was adopted after a clear counts as what began before it.
    has_forgotten = task.store is not None and task.store.has_forgotten
    may_be_lost = task.store is None or task.store.trouble > 0 or has_forgotten
    is_cleared = thing.life < task.life
    if outcome is None:
        was_cleared_early = has_forgotten and task.counted["cleared while running"] > 0
        if was_cleared_early and task.retries_were_edited and now < thing.shown + LISTING:
            return None  # nothing tells the next attempt from the first one after a clear
        has_other_settings = thing.digest != f"{task.settings:08x}"
        return None if is_cleared and has_other_settings else "is running"
    if is_cleared or outcome is Outcome.FAILED:
        return None
    if may_be_lost and task.life and thing.sender <= task.cleared_after:
        return None
    if outcome is Outcome.CANCELLED:
        was_ours = thing.cancelled_by != "person" or thing.was_told_to_stop
        excused = was_ours or task.retry_cancelled
        unknown = not task.service.can_be_marked and (may_be_lost or task.cancel_on_kill)
        unknown = unknown or has_forgotten or task.service.troubled
        return None if excused or unknown else "was cancelled by a person"
    if outcome is Outcome.PARTIAL and outcome not in task.accepted:
        return None
    if has_forgotten:
        return None
    if task.store is None and task.retries_were_edited and not task.service.can_be_marked:
        return None  # nothing tells a retry from a clear
    return "has succeeded"


def may_cancel(task: Task, sender: int, thing: Thing) -> None:
    """Check that an attempt cancels only what no attempt waits for."""
    if sender == task.number:
        was_ended = task.state in ("restarting", "failed", "success")
        is_left = thing.work != task.work or thing.life < task.life
        assert was_ended or task.is_at_execution_timeout or is_left, "cancelled without a reason"
        return
    waits = task.state == "running" and thing.outcome(task.world.now) is None
    assert not waits, "an attempt that is over cancelled what another one may wait for"


def at_most_one_each(task: Task) -> None:
    """Check that no attempt has started two runs."""
    senders = [thing.sender for work in (0, 1) for thing in task.service.ours(work)]
    assert len(senders) == len(set(senders)), "two runs of one attempt"


def over(task: Task, number: int) -> None:
    """Check that only an attempt that is over, or cannot know, gives up as such."""
    cannot_know = task.store is not None and task.store.trouble
    assert number != task.number or cannot_know, "a current attempt gave up"


def launched(task: Task, launch: Launch[Any], thing: Thing, work: int) -> None:
    """Check that what is waited for is ours, or asked for."""
    assert thing.work == work, "a run of other work was taken"
    if thing.sender:
        return
    if launch.origin is Origin.REUSED:
        assert task.reuse_active, "reused without being asked"
        return
    if thing.is_taken:
        return
    assert not task.service.can_be_marked, "somebody else's run was taken"
    if task.reuse_active:
        return
    if task.store is None:
        earliest = task.began
    else:
        assert task.lost_starts, "somebody else's sync was taken, though no answer was lost"
        earliest = min(task.lost_starts)
    assert thing.began >= earliest - task.service.longest_lag - 600, "an older sync was taken"


def unknown(task: Task, error: LaunchUnknownError) -> None:
    """Check that an attempt that cannot know says so, and only then."""
    text = str(error)
    if "state store" in text:
        assert task.store is not None
        return
    assert "may" in text
    assert "mapping" in text if not task.service.can_be_marked else "runs of job" in text
    assert "[af:" in text or not task.service.can_be_marked
    nothing_tells = task.store is None and not task.service.can_be_marked
    troubled = task.service.troubled or task.deaths or (task.store and task.store.trouble)
    assert troubled or nothing_tells, "a false alarm"


def waited(
    thing: Thing,
    *,
    now: float,
    began: float,
    deadline: tuple[float, float] | None,
    interval: float,
    blocking: bool,
    result: object,
    troubled: bool,
) -> None:
    """
    Check the end of one wait. All times are those of the clock that nobody sets.

    :param deadline: When it passes at the earliest and at the latest.
    :param troubled: Whether any request may have failed.
    """
    if not isinstance(result, (WaitFaultsError, WaitTimeoutError)):
        assert PAGE not in str(result), "ended by what a gateway has answered"
        assert "no such token" not in str(result), "ended by a token that was replaced in time"
    if not isinstance(result, Exception):
        assert thing.outcome(now) is not None, "waited for an end that has not come"
        known = max(thing.ends, thing.known, began)
        soon = max(interval, SWEEP) * MOST_SPREAD + TWO_LOOKS
        assert troubled or now <= known + soon, f"heard {now - known:.0f} s late"
    if deadline is None:
        return
    earliest, passed = deadline
    latest = max(passed, began) + interval + LAST_LOOK + (TWO_LOOKS if blocking else 0.1)
    assert now <= latest, f"waited {now - passed:.0f} s beyond the deadline"
    if isinstance(result, WaitTimeoutError):
        missed = max(thing.ends, thing.known) < earliest and result.__cause__ is None
        assert not missed, "missed an end that was there before the deadline"
        assert now >= earliest, "gave up before the deadline"
