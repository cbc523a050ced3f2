"""Starting once: a service in memory that can lose answers, and tries one after another."""

from __future__ import annotations

import pytest

from airflow_provider_dbtsegment.exceptions import (
    RunCancelledError,
)
from airflow_provider_dbtsegment.launch import How, Launch, note
from airflow_provider_dbtsegment.outcomes import Outcome
from tests.launched_service import Service, Store, launch, marker


def test_a_first_try_starts_one(service: Service, ledger: Store | None) -> None:
    assert launch(service, marker(), ledger) == Launch(1, How.STARTED)


def test_a_later_try_adopts_what_still_goes_on(service: Service, ledger: Store | None) -> None:
    launch(service, marker(1), ledger)
    assert launch(service, marker(2), ledger) == Launch(1, How.ADOPTED)
    assert len(service.started) == 1


def test_a_later_try_takes_a_success_that_nobody_consumed(
    service: Service, ledger: Store | None
) -> None:
    launch(service, marker(1), ledger)
    service.ends(1, Outcome.SUCCESS)
    assert launch(service, marker(2), ledger) == Launch(1, How.TAKEN)


def test_a_later_try_starts_anew_after_a_failure(service: Service, ledger: Store | None) -> None:
    launch(service, marker(1), ledger)
    service.ends(1, Outcome.FAILED)
    assert launch(service, marker(2), ledger) == Launch(2, How.STARTED)
    assert service.retried == []


def test_a_cleared_task_starts_anew_after_its_success(
    service: Service, ledger: Store | None
) -> None:
    launch(service, marker(1), ledger)
    service.ends(1, Outcome.SUCCESS)
    assert launch(service, marker(2, first_try=2), ledger) == Launch(2, How.STARTED)


def test_a_cleared_task_adopts_what_still_goes_on(service: Service, ledger: Store | None) -> None:
    launch(service, marker(1), ledger)
    assert launch(service, marker(2, first_try=2), ledger) == Launch(1, How.ADOPTED)


def test_retry_from_failure_resumes_our_own_failed_run(
    service: Service, ledger: Store | None
) -> None:
    launch(service, marker(1), ledger, retry_from_failure=True)
    assert service.retried == []
    service.ends(1, Outcome.FAILED)
    assert launch(service, marker(2), ledger, retry_from_failure=True) == Launch(2, How.RETRIED)
    assert service.retried == [1]


def test_retry_from_failure_starts_anew_when_the_service_cannot(
    service: Service, ledger: Store | None
) -> None:
    launch(service, marker(1), ledger)
    service.ends(1, Outcome.FAILED)
    service.retriable = False
    assert launch(service, marker(2), ledger, retry_from_failure=True) == Launch(2, How.STARTED)


def test_a_cleared_task_does_not_resume_the_failed_run_of_before(
    service: Service, ledger: Store | None
) -> None:
    launch(service, marker(1), ledger)
    service.ends(1, Outcome.FAILED)
    mark = marker(2, first_try=2)
    assert launch(service, mark, ledger, retry_from_failure=True) == Launch(2, How.STARTED)


def test_what_a_person_cancelled_is_not_started_again(service: Service) -> None:
    ledger = Store()
    launch(service, marker(1), ledger)
    service.ends(1, Outcome.CANCELLED)
    with pytest.raises(RunCancelledError, match="Clear the task"):
        launch(service, marker(2), ledger)
    assert launch(service, marker(3, first_try=3), ledger) == Launch(2, How.STARTED)


def test_what_a_person_cancelled_is_started_again_when_asked(
    service: Service, ledger: Store | None
) -> None:
    launch(service, marker(1), ledger, retry_cancelled=True)
    service.ends(1, Outcome.CANCELLED)
    assert launch(service, marker(2), ledger, retry_cancelled=True) == Launch(2, How.STARTED)


def test_what_we_cancelled_ourselves_is_started_again(service: Service) -> None:
    ledger = Store()
    launch(service, marker(1), ledger)
    note(ledger, marker(1), cancelled=True)
    service.ends(1, Outcome.CANCELLED)
    assert launch(service, marker(2), ledger) == Launch(2, How.STARTED)


def test_a_ledger_whose_run_is_gone_is_not_believed(service: Service) -> None:
    ledger = Store()
    launch(service, marker(1), ledger)
    service.started.clear()
    assert launch(service, marker(2), ledger) == Launch(1, How.STARTED)


def test_somebody_elses_run_is_taken_only_when_asked(service: Service) -> None:
    service.others = [77]
    assert launch(service, marker(), reuse_existing=True) == Launch(77, How.REUSED)
    assert launch(service, marker()) == Launch(1, How.STARTED)


def test_what_we_cancelled_is_not_adopted_while_it_still_stops(service: Service) -> None:
    ledger = Store()
    launch(service, marker(1), ledger)
    note(ledger, marker(1), cancelled=True)
    outcomes = iter([None, None, None, Outcome.CANCELLED])
    service.outcome = lambda id: next(outcomes)  # type: ignore[method-assign]
    assert launch(service, marker(2), ledger) == Launch(2, How.STARTED)


def test_what_we_cancelled_is_adopted_when_it_does_not_stop(service: Service) -> None:
    ledger = Store()
    launch(service, marker(1), ledger)
    note(ledger, marker(1), cancelled=True)
    assert launch(service, marker(2), ledger) == Launch(1, How.ADOPTED)


def test_a_cleared_task_waits_for_the_cancellation_of_what_it_cleared(
    service: Service, ledger: Store | None
) -> None:
    launch(service, marker(1), ledger)
    outcomes = iter([None, None, Outcome.CANCELLED])
    service.outcome = lambda id: next(outcomes)  # type: ignore[method-assign]
    assert launch(service, marker(2, first_try=2), ledger) == Launch(2, How.STARTED)


def test_another_life_of_the_task_run_takes_no_end_of_the_one_before(service: Service) -> None:
    launch(service, marker(1))
    service.ends(1, Outcome.SUCCESS)
    assert launch(service, marker(1)) == Launch(2, How.STARTED)


def test_a_try_that_is_executed_twice_takes_its_own_end(service: Service) -> None:
    ledger = Store()
    launch(service, marker(1), ledger)
    service.ends(1, Outcome.SUCCESS)
    assert launch(service, marker(1), ledger) == Launch(1, How.TAKEN)


def test_an_end_that_was_made_use_of_is_not_taken_again(service: Service) -> None:
    ledger = Store()
    launch(service, marker(1), ledger)
    service.ends(1, Outcome.PARTIAL)
    passing = [Outcome.SUCCESS, Outcome.PARTIAL]
    assert launch(service, marker(2), ledger, acceptable=passing) == Launch(1, How.TAKEN)
    note(ledger, marker(2), consumed=True)
    assert launch(service, marker(3), ledger, acceptable=passing) == Launch(2, How.STARTED)


def test_somebody_elses_failed_run_is_never_resumed(service: Service) -> None:
    ledger = Store()
    service.started[77] = (99, None)
    service.find = lambda baseline: []  # type: ignore[method-assign]
    service.others = [77]
    assert launch(service, marker(1), ledger, reuse_existing=True).how is How.REUSED
    assert launch(service, marker(2), ledger, reuse_existing=True) == Launch(77, How.REUSED)
    service.ends(77, Outcome.FAILED)
    service.others = []
    launch(service, marker(3), ledger, reuse_existing=True, retry_from_failure=True)
    assert service.retried == []
