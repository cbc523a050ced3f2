"""What the tries of a task do about a start whose answer was lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    InvalidRequestError,
    LaunchUnknownError,
)
from airflow_provider_dbtsegment.launch import How, Launch
from airflow_provider_dbtsegment.launchable import Found
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.search import HELD, PATIENCE
from tests.launched_service import WHERE, Clock, Service, Store, launch, marker


def test_a_lost_answer_is_looked_for_and_found(service: Service, ledger: Store | None) -> None:
    service.faults = ["after"]
    service.blind = 0
    assert launch(service, marker(), ledger) == Launch(1, How.RECOVERED)
    assert len(service.started) == 1


def test_a_lost_answer_is_looked_for_with_patience(service: Service) -> None:
    service.faults = ["after"]
    found = service.find
    looks: list[int] = []

    def slow_to_show(baseline: Any) -> Sequence[Found[int]]:
        looks.append(1)
        return found(baseline) if len(looks) > 4 else []

    service.find = slow_to_show  # type: ignore[method-assign]
    assert launch(service, marker()) == Launch(1, How.RECOVERED)


def test_a_try_never_sends_a_second_request_after_a_lost_answer(
    service: Service, ledger: Store | None
) -> None:
    service.faults = ["before"]
    with pytest.raises(LaunchUnknownError, match=r"may or may not .* the service for \[af:"):
        launch(service, marker(1), ledger)
    assert service.requests == 1


def test_a_later_try_sends_another_request_when_the_lost_one_can_be_held_by_nobody(
    service: Service, ledger: Store | None
) -> None:
    service.faults = ["before"]
    clock = Clock()
    with pytest.raises(LaunchUnknownError):
        launch(service, marker(1), ledger, clock)
    assert launch(service, marker(2), ledger, clock) == Launch(1, How.STARTED)
    assert clock.now >= (HELD if ledger is not None else 2 * PATIENCE)


def test_a_request_that_was_held_is_found_by_the_next_try(service: Service) -> None:
    ledger, clock = Store(), Clock()
    service.faults = ["before"]
    with pytest.raises(LaunchUnknownError):
        launch(service, marker(1), ledger, clock)
    service.mark = marker(1)
    service.carry_out_at(clock, clock.now + 60)
    assert launch(service, marker(2), ledger, clock) == Launch(1, How.ADOPTED)
    assert len(service.started) == 1


def test_nothing_is_sent_again_while_the_service_cannot_be_asked(service: Service) -> None:
    service.faults = ["after"]
    found = service.find
    looks: list[int] = []

    def blind_after_the_start(baseline: Any) -> Sequence[Found[int]]:
        looks.append(1)
        if len(looks) > 1:
            raise AnswerLostError("gone", **WHERE)
        return found(baseline)

    service.find = blind_after_the_start  # type: ignore[method-assign]
    with pytest.raises(LaunchUnknownError, match=r"may or may not .* Look at the service .*\[af:"):
        launch(service, marker())
    assert len(service.started) == 1


def test_a_refusal_is_passed_on_and_a_later_try_starts(
    service: Service, ledger: Store | None
) -> None:
    service.faults = ["refuse"]
    with pytest.raises(InvalidRequestError):
        launch(service, marker(1), ledger)
    assert launch(service, marker(2), ledger) == Launch(1, How.STARTED)


def test_a_lost_answer_of_a_retry_is_found_though_it_carries_no_mark(service: Service) -> None:
    launch(service, marker(1))
    service.ends(1, Outcome.FAILED)
    service.faults = ["after"]
    service.mark = marker(2)
    resumed = launch(service, marker(3), retry_from_failure=True)
    assert resumed == Launch(2, How.RECOVERED)
    assert len(service.started) == 2


def test_a_refused_start_leaves_nothing_by_which_another_could_be_taken_for_ours(
    service: Service,
) -> None:
    ledger = Store()
    service.baseline = lambda: {"before": 1}  # type: ignore[method-assign, assignment, return-value]
    service.faults = ["refuse"]
    with pytest.raises(InvalidRequestError):
        launch(service, marker(1), ledger)
    (noted,) = ledger.values()
    assert "baseline" not in noted
