"""
Start a run or a sync exactly once per task instance.

Neither service has an idempotency key. So each attempt first finds out what earlier attempts have
started (:mod:`.prior`, :mod:`.reconcile`), writes down what it is about to start (:mod:`.record`),
and sends at most one start whose outcome can stay unknown (:mod:`.start`). Words:

- *not sent*: no byte of the request can have reached the service. It is sent again.
- *refused*: the service said no. A rate limit or a busy mapping is waited for; anything else fails.
- *accepted*: the service answered with what it started.
- *unknown*: everything else. Nothing is sent again; the attempt looks for what was started, and a
  later attempt looks again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from airflow_provider_dbtsegment.exceptions import AttemptOverError
from airflow_provider_dbtsegment.launching.prior import PriorRuns
from airflow_provider_dbtsegment.launching.protocol import (
    Attempt,
    K,
    Launch,
    Launcher,
    LaunchOptions,
    Origin,
)
from airflow_provider_dbtsegment.launching.reconcile import Reconciler
from airflow_provider_dbtsegment.launching.record import LaunchRecords, Record
from airflow_provider_dbtsegment.launching.session import LaunchSession
from airflow_provider_dbtsegment.launching.start import Starter


def launch_once(
    work: Launcher[K],
    attempt: Attempt,
    records: LaunchRecords,
    options: LaunchOptions | None = None,
    *,
    log: Any = None,
    clock: Callable[[], float] = time.monotonic,
    wall_clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Launch[K]:
    """
    Start a run or a sync unless this task instance has already started it.

    :param clock: Seconds by a clock that never steps back; measures waiting.
    :param wall_clock: Seconds since the epoch by this machine's clock.
    :raises AttemptOverError: If a later attempt has begun; nothing was started.
    :raises LaunchUnknownError: If it is not known whether something was started.
    :raises RunCancelledError: If a person cancelled what an earlier attempt started, unless
        ``retry_cancelled``.
    :raises StartTimeoutError: If the service takes no start within ``start_timeout``.
    :raises RequestError: If the service refuses the start, or cannot be reached; nothing was
        started.
    """
    log = log or logging.getLogger(__name__)
    session = LaunchSession(
        work, attempt, records, options or LaunchOptions(), log, sleep, clock, wall_clock
    )
    while True:
        records.read()
        try:
            return _launch(session)
        except AttemptOverError:
            if not session.is_other_process():
                raise


def _launch(session: LaunchSession[K]) -> Launch[K]:
    before = session.record
    reconciler = Reconciler(session)
    prior = PriorRuns(session, reconciler)
    launch = prior.find()
    if before is None:
        prior.leave_other_work()
    if launch is None and session.options.reuse_active:
        active = session.work.find_active()
        launch = None if active is None else Launch(active, Origin.REUSED)
    if launch is None:
        launch = Starter(session, reconciler, prior, before).start()
        if launch.origin in (Origin.STARTED, Origin.RESUMED, Origin.RECOVERED):
            return launch
    _take_over(session, before, launch)
    return launch


def _take_over(session: LaunchSession[K], before: Record | None, launch: Launch[K]) -> None:
    """Record that this attempt waits for a run that it did not start."""
    new = session.new_record()
    base = new
    if before is not None and before.id == launch.id:
        base = before
    elif before is not None and before.is_requested and launch.origin is not Origin.REUSED:
        # Another client may have started the adopted sync, so the recorded start stays open.
        base = replace(before, nonces=new.nonces, is_reused=False)
    session.write_quietly(
        replace(
            base,
            # What is taken over from before a clear belongs to the attempts after it.
            attempt=new.attempt,
            max_tries=new.max_tries,
            id=launch.id,
            is_incomplete=False,
            is_reused=base.is_reused or launch.origin is Origin.REUSED,
            is_requested=base.is_requested and not session.work.is_marked,
            used="",
            ends_unseen=new.ends_unseen,
            cancels_on_kill=new.cancels_on_kill,
        )
    )
