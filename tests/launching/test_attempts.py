"""Starting once: attempts one after another, and what each makes of the ones before it."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import RunCancelledError
from airflow_provider_dbtsegment.launching.protocol import (
    CancelledBy,
    Launch,
    LaunchOptions,
    Origin,
)
from airflow_provider_dbtsegment.launching.record import LaunchRecords, record_cancellation
from airflow_provider_dbtsegment.outcomes import Outcome
from tests.launched_service import KEY, Service, Started, Store, launch, marker, use

RESUMES = LaunchOptions(resume_failed=True)
#: A clear sets `max_tries` to the attempt's number plus `retries`.
CLEARED = 4


def recorded(store: Store) -> dict[str, Any]:
    """Return the one record in a store."""
    (record,) = store[KEY]["launches"].values()
    return dict(record)


def test_a_first_attempt_sends_one_request(service: Service, store: Store | None) -> None:
    assert launch(service, marker(), store) == Launch(1, Origin.STARTED)
    assert service.requests == ["start"]


def test_a_first_attempt_adopts_nothing(service: Service) -> None:
    service.runs[7] = Started(marker())
    assert launch(service, marker()) == Launch(2, Origin.STARTED)


def test_a_retry_adopts_what_is_running(service: Service, store: Store | None) -> None:
    launch(service, marker(1), store)
    assert launch(service, marker(2), store) == Launch(1, Origin.ADOPTED)
    assert service.starts == 1


def test_a_retry_takes_a_success(service: Service, store: Store | None) -> None:
    launch(service, marker(1), store)
    service.ends(1, Outcome.SUCCESS)
    assert launch(service, marker(2), store) == Launch(1, Origin.SUCCEEDED)


def test_a_retry_takes_a_success_that_an_attempt_has_used(service: Service) -> None:
    """The worker died after the outcome was recorded, and before Airflow knew."""
    store = Store()
    launch(service, marker(1), store)
    service.ends(1, Outcome.SUCCESS)
    use(store, 1, "success")
    assert launch(service, marker(2), store) == Launch(1, Origin.SUCCEEDED)


def test_a_retry_starts_another_run_after_a_failure(service: Service, store: Store | None) -> None:
    launch(service, marker(1), store)
    service.ends(1, Outcome.FAILED)
    assert launch(service, marker(2), store) == Launch(2, Origin.STARTED)


def test_a_retry_does_not_take_an_outcome_by_which_an_attempt_has_failed(service: Service) -> None:
    store = Store()
    launch(service, marker(1), store)
    service.ends(1, Outcome.SUCCESS)
    use(store, 1, "failure")
    assert launch(service, marker(2), store) == Launch(2, Origin.STARTED)


def test_a_cleared_task_starts_another_run_after_a_success_that_was_used(service: Service) -> None:
    store = Store()
    launch(service, marker(1), store)
    service.ends(1, Outcome.SUCCESS)
    use(store, 1, "success")
    assert launch(service, marker(2, CLEARED), store) == Launch(2, Origin.STARTED)


def test_a_cleared_task_starts_another_run_after_a_success_in_the_triggerer(
    service: Service,
) -> None:
    store = Store()
    launch(service, marker(1), store, LaunchOptions(ends_in_triggerer=True))
    service.ends(1, Outcome.SUCCESS)
    assert launch(service, marker(2, CLEARED), store) == Launch(2, Origin.STARTED)


def test_a_cleared_task_that_does_not_wait_starts_another_run(service: Service) -> None:
    store, only_starts = Store(), LaunchOptions(waits=False)
    launch(service, marker(1), store, only_starts)
    service.ends(1, Outcome.SUCCESS)
    assert launch(service, marker(2, CLEARED), store, only_starts) == Launch(2, Origin.STARTED)


def test_a_success_that_no_attempt_has_used_is_taken_though_max_tries_has_changed(
    service: Service,
) -> None:
    store = Store()
    launch(service, marker(1), store)
    service.ends(1, Outcome.SUCCESS)
    assert launch(service, marker(2, CLEARED), store) == Launch(1, Origin.SUCCEEDED)


def test_a_cleared_task_starts_another_run_without_a_store(service: Service) -> None:
    launch(service, marker(1))
    service.ends(1, Outcome.SUCCESS)
    assert launch(service, marker(2, CLEARED)) == Launch(2, Origin.STARTED)


@pytest.mark.parametrize("may_be_cleared", [True, False])
def test_retries_decide_nothing(
    service: Service, store: Store | None, *, may_be_cleared: bool
) -> None:
    launch(service, marker(1), store)
    service.ends(1, Outcome.SUCCESS)
    retried = launch(service, marker(2), store, may_be_cleared=may_be_cleared)
    assert retried == Launch(1, Origin.SUCCEEDED)


def test_the_ambiguous_case_is_explained(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store()
    launch(service, marker(1), store)
    service.ends(1, Outcome.SUCCESS)
    with caplog.at_level("INFO"):
        launch(service, marker(2), store, may_be_cleared=True)
    assert "If you cleared the task to start another one, clear it again." in caplog.text


def test_a_cleared_task_adopts_what_is_running(service: Service, store: Store | None) -> None:
    launch(service, marker(1), store)
    assert launch(service, marker(2, CLEARED), store) == Launch(1, Origin.ADOPTED)


@pytest.mark.parametrize("cancel_on_kill", [True, False])
def test_a_cleared_task_with_other_settings_does_not_adopt_what_is_running(
    service: Service, store: Store | None, *, cancel_on_kill: bool
) -> None:
    options = LaunchOptions(cancel_on_kill=cancel_on_kill)
    launch(service, marker(1), store, options)
    cleared = marker(2, CLEARED, digest="11111111")
    assert launch(service, cleared, store, options) == Launch(2, Origin.STARTED)
    assert service.cancelled == ([1] if cancel_on_kill else [])


def test_a_retry_adopts_what_is_running_whatever_its_templates_rendered(
    service: Service, store: Store | None
) -> None:
    launch(service, marker(1), store)
    assert launch(service, marker(2, digest="11111111"), store) == Launch(1, Origin.ADOPTED)


def test_resume_failed_resumes_our_own_failed_run(service: Service, store: Store | None) -> None:
    launch(service, marker(1), store, RESUMES)
    service.ends(1, Outcome.FAILED)
    assert launch(service, marker(2), store, RESUMES) == Launch(2, Origin.RESUMED)
    assert service.requests[-1] == "resume 1"


def test_resume_failed_starts_another_run_where_the_service_cannot_resume(
    service: Service, store: Store | None
) -> None:
    launch(service, marker(1), store)
    service.ends(1, Outcome.FAILED)
    service.resumable = False
    assert launch(service, marker(2), store, RESUMES) == Launch(2, Origin.STARTED)


def test_a_cleared_task_resumes_no_failed_run(service: Service, store: Store | None) -> None:
    launch(service, marker(1), store)
    service.ends(1, Outcome.FAILED)
    assert launch(service, marker(2, CLEARED), store, RESUMES) == Launch(2, Origin.STARTED)


def test_a_start_that_was_refused_does_not_forget_what_to_resume(service: Service) -> None:
    store = Store()
    launch(service, marker(1), store)
    service.ends(1, Outcome.FAILED)
    service.faults = ["before"]
    with pytest.raises(Exception, match="may or may not"):
        launch(service, marker(2), store, RESUMES)
    service.clock.now += 200
    assert launch(service, marker(3), store, RESUMES) == Launch(2, Origin.RESUMED)


def test_what_a_person_cancelled_is_not_started_again(
    service: Service, store: Store | None
) -> None:
    launch(service, marker(1), store)
    service.ends(1, Outcome.CANCELLED)
    with pytest.raises(RunCancelledError, match="Clear the task"):
        launch(service, marker(2), store)
    assert launch(service, marker(3, 5), store) == Launch(2, Origin.STARTED)


def test_what_a_person_cancelled_is_started_again_if_configured(
    service: Service, store: Store | None
) -> None:
    options = LaunchOptions(retry_cancelled=True)
    launch(service, marker(1), store, options)
    service.ends(1, Outcome.CANCELLED)
    assert launch(service, marker(2), store, options) == Launch(2, Origin.STARTED)


@pytest.mark.parametrize("by", [CancelledBy.US, CancelledBy.SERVICE])
def test_what_we_or_the_service_cancelled_is_started_again(
    service: Service, store: Store | None, by: CancelledBy
) -> None:
    launch(service, marker(1), store)
    service.ends(1, Outcome.CANCELLED, by)
    assert launch(service, marker(2), store) == Launch(2, Origin.STARTED)


def test_a_recorded_cancellation_is_ours_though_the_service_does_not_say(service: Service) -> None:
    store = Store()
    launch(service, marker(1), store)
    cancel(store, 1)
    service.ends(1, Outcome.CANCELLED, CancelledBy.UNKNOWN)
    assert launch(service, marker(2), store) == Launch(2, Origin.STARTED)


def test_a_cancellation_of_one_run_says_nothing_of_the_next(service: Service) -> None:
    store = Store()
    launch(service, marker(1), store)
    cancel(store, 1)
    service.ends(1, Outcome.CANCELLED)
    assert launch(service, marker(2), store) == Launch(2, Origin.STARTED)
    service.ends(2, Outcome.CANCELLED)
    with pytest.raises(RunCancelledError):
        launch(service, marker(3), store)


def cancel(store: Store, attempt: int) -> None:
    """Write down that an attempt cancels its run."""
    records = LaunchRecords(store.of(attempt), KEY, ("a deployment",))
    records.read()
    newest = records.newest()
    assert record_cancellation(store.of(attempt), newest and newest[1])


def test_a_run_that_is_stopping_is_not_adopted(service: Service) -> None:
    store = Store()
    launch(service, marker(1), store)
    cancel(store, 1)
    outcomes = iter([None, None, None, Outcome.CANCELLED])
    service.outcome = lambda id: next(outcomes)  # type: ignore[method-assign]
    assert launch(service, marker(2), store) == Launch(2, Origin.STARTED)


def test_a_run_that_does_not_stop_is_adopted(service: Service) -> None:
    store = Store()
    launch(service, marker(1), store)
    cancel(store, 1)
    assert launch(service, marker(2), store) == Launch(1, Origin.ADOPTED)


def test_a_killed_attempt_may_be_cancelling_without_a_trace(
    service: Service, store: Store | None
) -> None:
    options = LaunchOptions(cancel_on_kill=True)
    launch(service, marker(1), store, options)
    outcomes = iter([None, None, Outcome.CANCELLED, Outcome.CANCELLED])
    service.outcome = lambda id: next(outcomes)  # type: ignore[method-assign]
    service.runs[1].cancelled_by = CancelledBy.US
    assert launch(service, marker(2), store, options) == Launch(2, Origin.STARTED)


def test_a_recorded_run_that_does_not_exist_any_more_is_started_again(service: Service) -> None:
    store = Store()
    launch(service, marker(1), store)
    service.runs.clear()
    assert launch(service, marker(2), store) == Launch(1, Origin.STARTED)


def test_somebody_elses_run_is_waited_for_only_if_configured(service: Service) -> None:
    service.active = [77]
    reuses = LaunchOptions(reuse_active=True)
    assert launch(service, marker(), None, reuses) == Launch(77, Origin.REUSED)
    assert launch(service, marker()) == Launch(1, Origin.STARTED)


def test_somebody_elses_failed_run_is_never_resumed(service: Service) -> None:
    store, options = Store(), LaunchOptions(reuse_active=True, resume_failed=True)
    service.runs[77] = Started(None)
    service.active = [77]
    assert launch(service, marker(1), store, options) == Launch(77, Origin.REUSED)
    assert launch(service, marker(2), store, options) == Launch(77, Origin.REUSED)
    service.ends(77, Outcome.FAILED)
    service.active = []
    assert launch(service, marker(3), store, options).origin is Origin.STARTED


def test_two_executions_within_one_attempt_start_two_runs(
    service: Service, store: Store | None
) -> None:
    first = launch(service, marker(1), store)
    second = launch(service, marker(1), store, execution=1)
    assert (first.id, second.id) == (1, 2)


@pytest.mark.parametrize("cancel_on_kill", [True, False])
def test_a_run_of_another_job_is_left_or_cancelled(
    service: Service, *, cancel_on_kill: bool, caplog: pytest.LogCaptureFixture
) -> None:
    store, options = Store(), LaunchOptions(cancel_on_kill=cancel_on_kill)
    launch(service, marker(1), store, options)
    service.job = 6
    assert launch(service, marker(2), store, options) == Launch(2, Origin.STARTED)
    assert service.cancelled == ([1] if cancel_on_kill else [])
    assert "(1) was started before the task named other work" in caplog.text


def test_a_task_that_names_its_first_job_again_adopts_that_ones_run(service: Service) -> None:
    store = Store()
    launch(service, marker(1), store)
    service.job = 6
    launch(service, marker(2), store)
    service.job = 5
    assert launch(service, marker(3), store) == Launch(1, Origin.ADOPTED)


def test_several_launches_of_one_task_are_not_taken_for_abandoned_ones(service: Service) -> None:
    """A subclass may start several jobs, in another order each time."""
    store, options = Store(), LaunchOptions(cancel_on_kill=True)
    for job in (5, 6):
        service.job = job
        launch(service, marker(1), store, options)
    for job in (7, 6, 5):
        service.job = job
        launch(service, marker(2), store, options)
    assert service.cancelled == []
    assert service.starts == 3


def test_a_renamed_host_leads_to_the_same_run(service: Service) -> None:
    store = Store()
    launch(service, marker(1), store)
    service.origin = "https://renamed.example"
    assert launch(service, marker(2), store) == Launch(1, Origin.ADOPTED)


def test_another_host_has_another_run_under_the_same_id(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store()
    launch(service, marker(1), store)
    service.origin = "https://other.example"
    service.runs[1].marker = marker(1, deployment_ids=("another deployment",))
    assert launch(service, marker(2), store).origin is Origin.STARTED
    assert "may still be running at the other host" in caplog.text


def test_a_record_of_another_deployment_does_not_count(service: Service) -> None:
    """A database that was copied to staging brings the records along."""
    store = Store()
    launch(service, marker(1), store)
    store[KEY]["deployment"] = "production"
    service.runs.clear()
    assert launch(service, marker(2), store) == Launch(1, Origin.STARTED)


def test_runs_of_a_deleted_dag_run_with_the_same_id_are_not_taken(service: Service) -> None:
    service.runs[1] = Started(marker(1), began=service.clock.now - 5000)
    began = service.clock.now
    again = launch(service, marker(2), first_attempt_began=began)
    assert again == Launch(2, Origin.STARTED)


def test_the_record_names_what_was_started(service: Service) -> None:
    store = Store()
    launch(service, marker(1), store)
    record = recorded(store)
    assert record["work"] == service.work
    assert record["marker"] == str(marker(1))
    assert (record["id"], record["attempt"], record["max_tries"]) == (1, 1, 3)
