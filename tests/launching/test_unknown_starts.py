"""What attempts do about a start whose outcome is unknown, or that must wait for its turn."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    AttemptOverError,
    AuthError,
    InvalidRequestError,
    LaunchUnknownError,
    NotSentError,
    StartTimeoutError,
)
from airflow_provider_dbtsegment.launching.launch import launch_once
from airflow_provider_dbtsegment.launching.protocol import (
    Attempt,
    Launch,
    LaunchOptions,
    Origin,
)
from airflow_provider_dbtsegment.launching.reconcile import LISTED_WITHIN, WINDOW
from airflow_provider_dbtsegment.launching.record import LaunchRecords
from airflow_provider_dbtsegment.outcomes import Outcome
from tests.launched_service import KEY, WHERE, Service, Started, Store, launch, marker, use
from tests.launching.test_attempts import recorded


def lose_a_start(service: Service, store: Store | None) -> None:
    """Run a first attempt whose start is lost before the service processes it."""
    service.faults = ["before"]
    with pytest.raises(LaunchUnknownError):
        launch(service, marker(1), store)


def test_a_lost_answer_is_found(service: Service, store: Store | None) -> None:
    service.faults = ["after"]
    assert launch(service, marker(), store) == Launch(1, Origin.RECOVERED)
    assert service.starts == 1


def test_a_lost_answer_is_found_after_a_while(service: Service, store: Store | None) -> None:
    service.faults = ["after"]
    service.blind = 4
    assert launch(service, marker(), store) == Launch(1, Origin.RECOVERED)


def test_an_attempt_sends_no_second_start_after_a_lost_answer(
    service: Service, store: Store | None
) -> None:
    service.faults = ["before"]
    with pytest.raises(LaunchUnknownError, match=r"may or may not .* the service for \[af:"):
        launch(service, marker(1), store)
    assert service.starts == 1


@pytest.mark.parametrize("ahead", [0.0, 240.0, -240.0])
def test_a_later_attempt_starts_another_run_only_after_the_window(
    service: Service, store: Store | None, ahead: float
) -> None:
    """Also where the clocks of the worker and of the service differ by minutes."""
    service.ahead = ahead
    sent_at = service.clock.now
    lose_a_start(service, store)
    again = launch(service, marker(2), store, previous_attempt_ended=service.clock.now)
    assert again == Launch(1, Origin.STARTED)
    assert service.clock.now >= sent_at + WINDOW


def test_without_the_services_time_a_later_attempt_waits_the_whole_window(
    service: Service, store: Store | None
) -> None:
    service.has_time = False
    lose_a_start(service, store)
    began = service.clock.now
    launch(service, marker(2), store)
    assert service.clock.now >= began + WINDOW


def test_a_retry_need_not_wait_where_the_attempt_before_it_ended_long_ago(
    service: Service,
) -> None:
    service.faults = ["refuse"]
    with pytest.raises(InvalidRequestError):
        launch(service, marker(1))
    ended = service.clock.now
    service.clock.now += WINDOW + 60
    began = service.clock.now
    launch(service, marker(2), previous_attempt_ended=ended)
    assert service.clock.now == began


def test_a_request_that_was_held_is_found_by_the_next_attempt(service: Service) -> None:
    store = Store()
    lose_a_start(service, store)
    service.held = (service.clock.now + 60, marker(1))
    assert launch(service, marker(2), store) == Launch(1, Origin.ADOPTED)
    assert service.starts == 1


def test_an_unmarked_start_stays_open_after_another_clients_sync_was_adopted(
    service: Service,
) -> None:
    store = Store()
    service.is_marked = False
    lose_a_start(service, store)
    service.runs[1] = Started(marker(1), Outcome.SUCCESS)
    service.runs[2] = Started(marker(9))
    assert launch(service, marker(2), store) == Launch(2, Origin.ADOPTED)
    service.ends(2, Outcome.FAILED)
    use(store, 2, "failure", 2)
    assert launch(service, marker(3), store) == Launch(1, Origin.SUCCEEDED)
    assert service.starts == 1


def test_another_clients_failed_sync_does_not_end_the_search_for_ours(service: Service) -> None:
    """Ours is listed 40 s later than the other one."""
    store = Store()
    service.is_marked = False
    lose_a_start(service, store)
    service.runs[1] = Started(marker(9), Outcome.FAILED)
    service.runs[2] = Started(marker(1), Outcome.SUCCESS, shown_at=service.clock.now + 40)
    assert launch(service, marker(2), store) == Launch(2, Origin.SUCCEEDED)
    assert service.starts == 1


@pytest.mark.parametrize("shown_after", [40, 90])
def test_a_failed_sync_that_was_taken_for_ours_is_followed_by_ours(
    service: Service, shown_after: float
) -> None:
    store = Store()
    service.is_marked = False
    service.faults = ["before"]
    submit = service.submit

    def beside_another_client(*arguments: Any) -> int:
        try:
            return submit(*arguments)
        finally:
            service.runs[1] = Started(marker(9), Outcome.FAILED)
            shown_at = service.clock.now + shown_after
            service.runs[2] = Started(marker(1), Outcome.SUCCESS, shown_at=shown_at)

    service.submit = beside_another_client  # type: ignore[method-assign]
    found = launch(service, marker(1), store)
    if shown_after < LISTED_WITHIN:
        assert found == Launch(2, Origin.RECOVERED)
        return
    assert found == Launch(1, Origin.RECOVERED)
    use(store, 1, "failure", 1)
    assert launch(service, marker(2), store) == Launch(2, Origin.SUCCEEDED)
    assert service.starts == 1


def test_nothing_is_sent_again_while_the_service_cannot_be_asked(service: Service) -> None:
    service.faults = ["after"]
    service.blind = 1000
    with pytest.raises(LaunchUnknownError, match=r"may or may not .* Look at the service .*\[af:"):
        launch(service, marker())
    assert service.starts == 1


def test_a_refusal_is_passed_on_and_a_later_attempt_starts(
    service: Service, store: Store | None
) -> None:
    service.faults = ["refuse"]
    with pytest.raises(InvalidRequestError):
        launch(service, marker(1), store)
    assert launch(service, marker(2), store) == Launch(1, Origin.STARTED)


def test_a_refusal_leaves_no_open_start(service: Service) -> None:
    store = Store()
    service.faults = ["refuse"]
    with pytest.raises(InvalidRequestError):
        launch(service, marker(1), store)
    assert not recorded(store)["is_requested"]
    began = service.clock.now
    launch(service, marker(2), store)
    assert service.clock.now == began


def test_a_lost_answer_of_a_resumed_run_is_found_though_it_has_no_cause(service: Service) -> None:
    launch(service, marker(1))
    service.ends(1, Outcome.FAILED)
    service.faults = ["after"]
    resumed = launch(service, marker(2), None, LaunchOptions(resume_failed=True))
    assert resumed == Launch(2, Origin.RECOVERED)
    assert service.starts == 2


def test_a_start_that_was_not_sent_is_sent_again(service: Service, store: Store | None) -> None:
    service.faults = ["not sent", "not sent"]
    assert launch(service, marker(), store) == Launch(1, Origin.STARTED)
    service.faults = ["not sent"] * 9
    with pytest.raises(NotSentError):
        launch(service, marker(1), store, execution=1)


@pytest.mark.parametrize("fault", ["wait", "wait 30", "wait 300"])
def test_a_start_waits_for_its_turn(
    service: Service, store: Store | None, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Also for the five minutes that dbt Cloud documents for a 429 without Retry-After."""
    service.faults = [fault] * 6
    with caplog.at_level("INFO"):
        assert launch(service, marker(), store) == Launch(1, Origin.STARTED)
    assert caplog.text.count("waits for its turn") == 1
    assert service.starts == 7


def test_a_start_waits_for_its_turn_no_longer_than_configured(
    service: Service, store: Store | None
) -> None:
    service.faults = ["wait 30"] * 100
    began = service.clock.now
    with pytest.raises(StartTimeoutError, match=r"took no start within 100 s \(start_timeout\)"):
        launch(service, marker(), store, LaunchOptions(start_timeout=100))
    assert service.clock.now <= began + 100
    assert service.runs == {}


def test_a_busy_mapping_is_waited_for(service: Service, store: Store | None) -> None:
    service.faults = ["conflict"]
    answers = iter([7, 7, None])
    service.find_active = lambda: next(answers)  # type: ignore[method-assign]
    assert launch(service, marker(), store) == Launch(1, Origin.STARTED)


def test_a_start_that_leaves_late_is_not_sent_if_another_attempt_has_begun(
    service: Service,
) -> None:
    """The process stood still, or waited for its turn, while Airflow took it for dead."""
    store = Store()

    def next_attempt() -> None:
        service.clock.now += 400
        launch(service, marker(2), store)

    service.faults = [next_attempt]
    with pytest.raises(AttemptOverError):
        launch(service, marker(1), store)
    assert service.starts == 1


def test_without_a_store_airflow_is_asked_before_a_start_is_sent(service: Service) -> None:
    with pytest.raises(AttemptOverError, match="this attempt of the task is over"):
        launch(service, marker(1), is_current=lambda: False)
    assert service.starts == 0


def test_nothing_is_sent_if_airflow_does_not_say_whether_the_attempt_is_current(
    service: Service,
) -> None:
    def no_answer() -> bool:
        raise OSError("no route to Airflow")

    with pytest.raises(AttemptOverError, match="no route to Airflow"):
        launch(service, marker(1), is_current=no_answer)
    assert service.starts == 0


def test_without_a_store_a_start_that_waited_long_looks_again(service: Service) -> None:
    def another_attempt() -> None:
        service.runs[1] = Started(marker(2))

    service.faults = ["wait 100"]
    original = service.clock.sleep

    def sleep(seconds: float) -> None:
        original(seconds)
        if seconds > 50:
            another_attempt()

    service.clock.sleep = sleep  # type: ignore[method-assign]
    with pytest.raises(AttemptOverError, match="attempt 2 of the task has begun"):
        launch(service, marker(1))
    assert service.starts == 1


def test_nothing_is_started_that_cannot_be_written_down(service: Service) -> None:
    store = Store()
    mine = store.of(1)
    store.current = 2
    records = LaunchRecords(mine, KEY, ("a deployment",))
    with pytest.raises(AttemptOverError, match="did not take the launch record"):
        launch_once(service, Attempt(marker(1), store=mine), records)
    assert service.starts == 0


def test_another_process_of_the_same_attempt_is_left_to_start(service: Service) -> None:
    """An executor that runs a task twice: the second process waits for the first one's run."""
    store = Store()

    def other_process() -> None:
        launch(service, marker(1), store)

    service.faults = [other_process]
    assert launch(service, marker(1), store) == Launch(1, Origin.ADOPTED)
    assert service.starts == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"launches": {"a service/job 5#0": {"id": [], "work": {}}}, "deployment": "a deployment"},
        {"launches": {"a service/job 5#0": "text"}, "deployment": "a deployment"},
        {"launches": 5},
        "text",
        [1, 2],
        {"try": 1, "id": 1},
    ],
)
def test_unknown_data_in_the_store_is_no_record(
    service: Service, broken: object, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store()
    launch(service, marker(1), store)
    store[KEY] = broken
    assert launch(service, marker(2), store) == Launch(1, Origin.ADOPTED)
    assert "unknown" in caplog.text
    assert launch(service, marker(3), store) == Launch(1, Origin.ADOPTED)


@pytest.mark.parametrize("may_be_cleared", [True, False])
def test_a_store_that_forgets_lets_running_runs_be_adopted_and_no_ended_ones(
    service: Service, *, may_be_cleared: bool
) -> None:
    store = Store()
    launch(service, marker(1), store)
    store.clear()
    adopted = launch(service, marker(2, 4), store, may_be_cleared=may_be_cleared)
    assert adopted == Launch(1, Origin.ADOPTED)
    store.clear()
    service.ends(1, Outcome.SUCCESS)
    assert launch(service, marker(3, 6), store, may_be_cleared=may_be_cleared) == Launch(
        2, Origin.STARTED
    )


def test_a_store_that_forgot_is_remembered_by_later_attempts(service: Service) -> None:
    store = Store()
    launch(service, marker(1), store)
    store.clear()

    def refused(*_: object) -> list[object]:
        raise AuthError("no", **WHERE, status=403)

    service.find = refused  # type: ignore[method-assign, assignment]
    with pytest.raises(LaunchUnknownError):
        launch(service, marker(2), store)
    del service.find  # type: ignore[method-assign]
    assert launch(service, marker(3), store) == Launch(1, Origin.ADOPTED)


def test_a_store_that_cannot_be_read_starts_nothing(service: Service) -> None:
    class Unreachable(Store):
        def get(self, key: str, default: object = None) -> object:
            raise OSError("no route to Airflow")

    with pytest.raises(LaunchUnknownError, match="This attempt has started nothing"):
        launch(service, marker(1), Unreachable())
    assert service.starts == 0


def test_a_lost_answer_is_looked_for_for_a_minute(service: Service) -> None:
    service.faults = ["before"]
    began = service.clock.now
    with pytest.raises(LaunchUnknownError):
        launch(service, marker())
    assert began + LISTED_WITHIN <= service.clock.now <= began + LISTED_WITHIN + 1


def test_an_unreadable_list_fails_the_attempt(service: Service) -> None:
    def broken(*_: object) -> list[object]:
        raise AnswerLostError("lists runs without their causes", **WHERE)

    service.find = broken  # type: ignore[method-assign, assignment]
    with pytest.raises(LaunchUnknownError, match="without their causes"):
        launch(service, marker(2))
    assert service.starts == 0
