"""Rules of launching and waiting, each broken on purpose: the histories must notice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from airflow_provider_dbtsegment import launch, search
from airflow_provider_dbtsegment.dbt_cloud.job_launch import JobLaunch
from airflow_provider_dbtsegment.exceptions import AnswerLostError, ServerError
from airflow_provider_dbtsegment.marker import Marker
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.patience import Patience
from airflow_provider_dbtsegment.segment.sync_launch import SyncLaunch
from airflow_provider_dbtsegment.watching.waits import Wait
from tests.histories import waiting
from tests.histories.dbt_cloud import DbtCloud
from tests.histories.segment import Segment

Patch = pytest.MonkeyPatch


class Mutation(NamedTuple):
    """A rule that is broken, how, and the service whose histories are to notice."""

    name: str
    service: type[DbtCloud] | type[Segment]
    break_rule: Callable[[Patch], None]


def _send_again(patch: Patch) -> None:
    submit = JobLaunch.submit

    def twice(self: JobLaunch) -> int:
        try:
            return submit(self)
        except (ServerError, AnswerLostError):
            return submit(self)

    patch.setattr(JobLaunch, "submit", twice)


def _server_error_is_a_refusal(patch: Patch) -> None:
    patch.setattr(ServerError, "may_have_happened", False)


def _ignore_the_ledger(patch: Patch) -> None:
    patch.setattr(launch, "_read", lambda ledger, marker: {})


def _forget_the_baseline(patch: Patch) -> None:
    patch.setattr(SyncLaunch, "baseline", lambda self: None)


def _take_all_for_new(patch: Patch) -> None:
    patch.setattr(SyncLaunch, "baseline", lambda self: {"sync_ids": [], "started_at": ""})


def _write_no_intent(patch: Patch) -> None:
    write = launch._Launcher._write

    def only_ids(self: Any, **values: Any) -> None:
        if "at" not in values:
            write(self, **values)

    patch.setattr(launch._Launcher, "_write", only_ids)


def _look_once(patch: Patch) -> None:
    patch.setattr(search, "PATIENCE", 0.0)


def _hold_nothing(patch: Patch) -> None:
    patch.setattr(search, "HELD", 0.0)


def _adopt_anybodys(patch: Patch) -> None:
    patch.setattr(Marker, "try_in", lambda self, text: 1)


def _forget_clearing(patch: Patch) -> None:
    patch.setattr(launch._Launcher, "_ours", lambda self, found: False)


def _start_again_what_a_person_cancelled(patch: Patch) -> None:
    outcome = JobLaunch.outcome

    def failed(self: JobLaunch, id: int) -> Outcome | None:
        ended = outcome(self, id)
        return Outcome.FAILED if ended is Outcome.CANCELLED else ended

    patch.setattr(JobLaunch, "outcome", failed)


def _have_no_doubts(patch: Patch) -> None:
    patch.setattr(SyncLaunch, "doubtful", lambda self: [])


def _drop_the_last_look(patch: Patch) -> None:
    check = Patience._check_deadline
    patch.setattr(Patience, "_check_deadline", lambda self, now: check(self, now + 10.0))


def _let_a_slow_look_be_the_last(patch: Patch) -> None:
    answered = Patience.answered
    patch.setattr(Patience, "answered", lambda self, asked: answered(self, asked + 3.0))


def _forget_the_deadline(patch: Patch) -> None:
    block = waiting.wait_blocking

    def block_for_ever(*args: Any, patience: Patience, **options: Any) -> Any:
        patience.deadline = None
        return block(*args, patience=patience, **options)

    patch.setattr(waiting, "wait_blocking", block_for_ever)


def _wait_for_a_stuck_look(patch: Patch) -> None:
    patch.setattr(Wait, "overdue_at", None)


MUTATIONS = [
    Mutation("sends again after a lost answer", DbtCloud, _send_again),
    Mutation("takes a 5xx for a refusal", DbtCloud, _server_error_is_a_refusal),
    Mutation("takes a 5xx for a refusal", Segment, _server_error_is_a_refusal),
    Mutation("ignores the ledger", DbtCloud, _ignore_the_ledger),
    Mutation("ignores the ledger", Segment, _ignore_the_ledger),
    Mutation("forgets the baseline", Segment, _forget_the_baseline),
    Mutation("takes older syncs for ours", Segment, _take_all_for_new),
    Mutation("writes no intent", Segment, _write_no_intent),
    Mutation("looks once", DbtCloud, _look_once),
    Mutation("looks once", Segment, _look_once),
    Mutation("believes that nothing is held", DbtCloud, _hold_nothing),
    Mutation("believes that nothing is held", Segment, _hold_nothing),
    Mutation("adopts anybody's", DbtCloud, _adopt_anybodys),
    Mutation("takes nothing that has ended", DbtCloud, _forget_clearing),
    Mutation(
        "starts again what a person cancelled", DbtCloud, _start_again_what_a_person_cancelled
    ),
    Mutation("has no doubts", Segment, _have_no_doubts),
    Mutation("drops the last look", DbtCloud, _drop_the_last_look),
    Mutation(
        "lets a look that began before the deadline be the last",
        Segment,
        _let_a_slow_look_be_the_last,
    ),
    Mutation("forgets the deadline", Segment, _forget_the_deadline),
    Mutation("waits for a look that is stuck", DbtCloud, _wait_for_a_stuck_look),
]
