"""Rules of launching and waiting, each broken on purpose: the histories must notice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from airflow_provider_dbtsegment.dbt_cloud.job_launcher import JobLauncher
from airflow_provider_dbtsegment.exceptions import AnswerLostError, RequestError, ServerError
from airflow_provider_dbtsegment.launching import reconcile
from airflow_provider_dbtsegment.launching.marker import Marker, MarkerFields
from airflow_provider_dbtsegment.launching.prior import PriorRuns
from airflow_provider_dbtsegment.launching.protocol import CancelledBy, Origin
from airflow_provider_dbtsegment.launching.reconcile import Reconciler
from airflow_provider_dbtsegment.launching.record import LaunchRecords
from airflow_provider_dbtsegment.launching.session import LaunchSession
from airflow_provider_dbtsegment.patience import Patience
from airflow_provider_dbtsegment.segment.sync_launcher import SyncLauncher
from airflow_provider_dbtsegment.tasks import cancellation
from airflow_provider_dbtsegment.watching.clock import Clock, Moment
from airflow_provider_dbtsegment.watching.renewal import Renewal
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
    submit = JobLauncher.submit

    def twice(self: JobLauncher, *arguments: Any) -> int:
        try:
            return submit(self, *arguments)
        except (ServerError, AnswerLostError):
            return submit(self, *arguments)

    patch.setattr(JobLauncher, "submit", twice)


def _server_error_is_a_refusal(patch: Patch) -> None:
    patch.setattr(ServerError, "may_have_happened", False)


def _ignore_the_record(patch: Patch) -> None:
    patch.setattr(LaunchRecords, "get", lambda self, name: None)


def _forget_the_baseline(patch: Patch) -> None:
    patch.setattr(SyncLauncher, "baseline", lambda self: None)


def _write_no_intent(patch: Patch) -> None:
    patch.setattr(LaunchRecords, "confirm", lambda self, name, record, nonce: None)


def _do_not_read_back(patch: Patch) -> None:
    def write_only(self: LaunchRecords, name: str, record: Any, nonce: str) -> None:
        self.write_quietly(name, record)

    patch.setattr(LaunchRecords, "confirm", write_only)


def _ask_nobody_whether_it_is_current(patch: Patch) -> None:
    patch.setattr(LaunchSession, "check_current", lambda self: None)


def _poll_once(patch: Patch) -> None:
    patch.setattr(reconcile, "LISTED_WITHIN", 0.0)


def _have_no_window(patch: Patch) -> None:
    patch.setattr(reconcile, "WINDOW", 0.0)


def _read_any_marker(patch: Patch) -> None:
    patch.setattr(Marker, "read", lambda self, text: MarkerFields(1, self.max_tries, self.digest))


def _use_one_deployment(patch: Patch) -> None:
    create = Marker.create.__func__  # type: ignore[attr-defined]

    def without_deployment(cls: type[Marker], name: Any, **options: Any) -> Marker:
        made: Marker = create(cls, name, **{**options, "deployment_ids": ("",)})
        return made

    patch.setattr(Marker, "create", classmethod(without_deployment))


def _take_the_run_of_other_work(patch: Patch) -> None:
    for launcher in (JobLauncher, SyncLauncher):
        patch.setattr(launcher, "key", "the same for all")


def _count_retries(patch: Patch) -> None:
    def by_hint(self: Any, prior: Any) -> bool:
        return bool(self.session.attempt.may_be_cleared)

    patch.setattr(PriorRuns, "_is_cleared", by_hint)


def _start_again_what_a_person_cancelled(patch: Patch) -> None:
    patch.setattr(JobLauncher, "cancelled_by", lambda self, id: CancelledBy.US)


def _take_no_success(patch: Patch) -> None:
    use = PriorRuns._use

    def without_success(self: Any, prior: Any, record: Any) -> Any:
        found = use(self, prior, record)
        return None if found and found.origin is Origin.SUCCEEDED else found

    patch.setattr(PriorRuns, "_use", without_success)


def _start_beside_a_running_sync(patch: Patch) -> None:
    patch.setattr(Reconciler, "find_unmarked", lambda self, tried, waits: None)


def _cancel_at_every_signal(patch: Patch) -> None:
    patch.setattr(cancellation, "ENDED_STATES", frozenset({"running", "restarting", "queued"}))


def _trust_this_machines_clock(patch: Patch) -> None:
    def by_wall_clock(self: Any, requested_at: float | None) -> float:
        return float(
            min(
                reconcile.WINDOW, (requested_at or 0) + reconcile.WINDOW - self.session.wall_clock()
            )
        )

    patch.setattr(Reconciler, "_left", by_wall_clock)


def _drop_the_last_look(patch: Patch) -> None:
    check = Patience._check_deadline
    patch.setattr(
        Patience, "_check_deadline", lambda self, now, asked: check(self, now, asked + 10.0)
    )


def _let_a_slow_look_be_the_last(patch: Patch) -> None:
    answered = Patience.answered

    def later(self: Patience, now: Moment, asked: Moment | None = None) -> None:
        asked = asked or now
        answered(self, now, asked._replace(wall=asked.wall + 3.0))

    patch.setattr(Patience, "answered", later)


def _forget_the_deadline(patch: Patch) -> None:
    block = waiting.wait_blocking

    def block_for_ever(*args: Any, patience: Patience, **options: Any) -> Any:
        patience.deadline = None
        return block(*args, patience=patience, **options)

    patch.setattr(waiting, "wait_blocking", block_for_ever)


def _wait_for_a_stuck_look(patch: Patch) -> None:
    patch.setattr(Wait, "overdue_at", None)


def _go_by_the_wall_clock(patch: Patch) -> None:
    patch.setattr(Clock, "now", lambda self: Moment(self.wall(), self.wall()))


def _believe_a_gateway(patch: Patch) -> None:
    always = property(lambda self: True, lambda self, value: None)
    patch.setattr(RequestError, "from_service", always)


def _read_no_connection_again(patch: Patch) -> None:
    patch.setattr(Renewal, "_is_due", lambda self, asked: False)


MUTATIONS = [
    Mutation("sends again after a lost answer", DbtCloud, _send_again),
    Mutation("takes a 5xx for a refusal", DbtCloud, _server_error_is_a_refusal),
    Mutation("takes a 5xx for a refusal", Segment, _server_error_is_a_refusal),
    Mutation("ignores the record", DbtCloud, _ignore_the_record),
    Mutation("ignores the record", Segment, _ignore_the_record),
    Mutation("forgets the baseline", Segment, _forget_the_baseline),
    Mutation("records no start before it is sent", DbtCloud, _write_no_intent),
    Mutation("records no start before it is sent", Segment, _write_no_intent),
    Mutation("does not read the record back", DbtCloud, _do_not_read_back),
    Mutation("does not ask whether it is current", DbtCloud, _ask_nobody_whether_it_is_current),
    Mutation("polls once", DbtCloud, _poll_once),
    Mutation("polls once", Segment, _poll_once),
    Mutation("has no window", DbtCloud, _have_no_window),
    Mutation("has no window", Segment, _have_no_window),
    Mutation("reads any marker", DbtCloud, _read_any_marker),
    Mutation("has one marker for all deployments", DbtCloud, _use_one_deployment),
    Mutation("takes the run of another job", DbtCloud, _take_the_run_of_other_work),
    Mutation("takes the sync of another mapping", Segment, _take_the_run_of_other_work),
    Mutation("computes clears from retries", DbtCloud, _count_retries),
    Mutation("takes no success", DbtCloud, _take_no_success),
    Mutation(
        "starts again what a person cancelled", DbtCloud, _start_again_what_a_person_cancelled
    ),
    Mutation("starts beside a running sync", Segment, _start_beside_a_running_sync),
    Mutation("cancels at every signal", DbtCloud, _cancel_at_every_signal),
    Mutation("trusts the clock of its machine", DbtCloud, _trust_this_machines_clock),
    Mutation("drops the last look", DbtCloud, _drop_the_last_look),
    Mutation(
        "lets a look that began before the deadline be the last",
        Segment,
        _let_a_slow_look_be_the_last,
    ),
    Mutation("forgets the deadline", Segment, _forget_the_deadline),
    Mutation("waits for a look that is stuck", DbtCloud, _wait_for_a_stuck_look),
    Mutation("goes by the wall clock", DbtCloud, _go_by_the_wall_clock),
    Mutation("goes by the wall clock", Segment, _go_by_the_wall_clock),
    Mutation("believes a gateway", DbtCloud, _believe_a_gateway),
    Mutation("reads no connection again", Segment, _read_no_connection_again),
]
