"""How tasks go on after the trigger: crashes, other places, tokens that were replaced meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_dbtsegment import patience
from airflow_provider_dbtsegment.compat import (
    AirflowSensorTimeout,
    AirflowSkipException,
)
from airflow_provider_dbtsegment.exceptions import (
    AuthError,
    ConnectionMovedError,
    DbtSegmentError,
    WaitTimeoutError,
)
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator
from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor
from airflow_provider_dbtsegment.sensors.segment import ReverseETLSyncSensor
from airflow_provider_dbtsegment.triggers import expiring
from airflow_provider_dbtsegment.watching import renewal
from tests.one_wait import ACCOUNT, JOB, MAPPING, MODEL, RUN, SYNC, OneWait, refusal, run, sync
from tests.scripted_server import Received, Reply, serving
from tests.task_bench import Ledger, TaskInstance, run_task

SENSORS: dict[str, Callable[..., Any]] = {
    "run": lambda **options: DbtCloudRunSensor(task_id="t", run_id=RUN, **options),
    "sync": lambda **options: ReverseETLSyncSensor(
        task_id="t", model_id=MODEL, sync_id=SYNC, **options
    ),
}
OPERATORS: dict[str, Callable[..., Any]] = {
    "run": lambda **options: TriggerDbtJobOperator(task_id="t", job_id=JOB, **options),
    "sync": lambda **options: CreateReverseETLManualSyncOperator(
        task_id="t", source_id="w", model_id=MODEL, subscription_id=MAPPING, **options
    ),
}
IDS: dict[str, dict[str, Any]] = {
    "run": {"run_id": RUN},
    "sync": {"model_id": MODEL, "sync_id": SYNC},
}
KINDS = pytest.mark.parametrize("kind", ["run", "sync"])
SENSOR_MODES = pytest.mark.parametrize(
    "mode", [{"mode": "poke"}, {"mode": "reschedule"}, {"deferrable": True}], ids=str
)


class Service(OneWait):
    """A service that takes one token at a time."""

    def __init__(self, story: Any) -> None:
        super().__init__(story)
        self.token = "one"
        self.at_look: dict[int, Callable[[], None]] = {}

    def reply_to(self, request: Received) -> Reply:
        if "/runs/" in request.path or "/syncs/" in request.path:
            self.at_look.pop(self.looks, lambda: None)()
        if request.headers["Authorization"] != f"Bearer {self.token}":
            return refusal(401, "no such token")
        return super().reply_to(request)


@pytest.fixture
def service() -> Iterator[Service]:
    with serving(Service([(0.0, run(10))])) as service:
        yield service


@pytest.fixture
def store(
    service: Service, own_budget: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Store a connection for both services in Airflow."""

    def store(token: str, url: str = service.url, login: str = str(ACCOUNT)) -> None:
        for name in ("DBT_CLOUD", "SEGMENT"):
            text = json.dumps({"conn_type": "x", "host": url, "login": login, "password": token})
            monkeypatch.setenv(f"AIRFLOW_CONN_{name}_DEFAULT", text)

    store("one")
    monkeypatch.setattr(renewal, "RENEWAL_PAUSE", 0.1)
    monkeypatch.setattr(patience, "AUTH_CONFIRMATION", 1.5)
    return store


def context() -> Any:
    return {"ti": TaskInstance()}


# What may skip a sensor.

CRASHED = {"error": "Trigger failure", "traceback": ["Traceback", "KeyError: 'bug'"]}


@KINDS
@pytest.mark.parametrize("softness", ["hard", "soft_fail", "never_fail"])
def test_a_trigger_that_has_crashed_fails_a_sensor(kind: str, softness: str) -> None:
    options = {} if softness == "hard" else {softness: True}
    task = SENSORS[kind](deferrable=True, **options)
    wanted = AirflowSkipException if softness == "never_fail" else Exception
    with pytest.raises(wanted, match="Trigger failure") as failure:
        task.resume_execution("__fail__", CRASHED, context())
    assert isinstance(failure.value, AirflowSkipException) is (softness == "never_fail")


@KINDS
@pytest.mark.parametrize("error", ["Trigger timeout", "Trigger/execution timeout"])
@pytest.mark.parametrize("softness", ["hard", "soft_fail", "never_fail"])
def test_a_time_out_by_airflow_may_skip_a_sensor(kind: str, error: str, softness: str) -> None:
    options = {} if softness == "hard" else {softness: True}
    task = SENSORS[kind](deferrable=True, **options)
    wanted = AirflowSensorTimeout if softness == "hard" else AirflowSkipException
    with pytest.raises(wanted):
        task.resume_execution("__fail__", {"error": error}, context())


@KINDS
@pytest.mark.parametrize(
    "event",
    [
        None,
        {},
        {"status": "success"},
        *[
            {"error": name, "message": "it went wrong", "cancel_on_kill": False}
            for name in (
                "AuthError",
                "ConfigurationError",
                "ConnectionMovedError",
                "DbtSegmentError",
                "EndUnknownError",
                "InvalidRequestError",
                "NotFoundError",
                "SomethingElse",
                "WaitFaultsError",
            )
        ],
    ],
    ids=lambda event: str(event and event.get("error", event)),
)
@pytest.mark.parametrize("softness", ["soft_fail", "never_fail"])
def test_what_is_neither_a_failed_run_nor_a_time_out_fails_a_soft_sensor(
    kind: str, event: Any, softness: str, store: Callable[..., None]
) -> None:
    task = SENSORS[kind](deferrable=True, **{softness: True})
    event = {**IDS[kind], **event} if event and "error" in event else event
    awaited = {**IDS[kind], "see": "", "by_airflow": False}
    kwargs = {"event": event, "awaited": awaited}
    with pytest.raises((DbtSegmentError, AirflowSkipException)) as failure:
        task.resume_execution("execute_complete", kwargs, context())
    assert isinstance(failure.value, AirflowSkipException) is (softness == "never_fail")


@SENSOR_MODES
@KINDS
def test_a_wrong_connection_fails_a_soft_sensor(
    kind: str, mode: dict[str, Any], store: Callable[..., None]
) -> None:
    store("")
    ended = run_task(SENSORS[kind](soft_fail=True, poke_interval=0.1, **mode))
    assert ended.state == "failed"
    assert "It has no token" in ended.message


@SENSOR_MODES
def test_a_failed_run_and_a_time_out_skip_a_soft_sensor(
    mode: dict[str, Any], service: Service, store: Callable[..., None]
) -> None:
    service.story = [(0.0, run(20))]
    assert run_task(SENSORS["run"](soft_fail=True, poke_interval=0.1, **mode)).state == "skipped"
    service.story = [(0.0, run(3))]
    task = SENSORS["run"](soft_fail=True, poke_interval=0.1, timeout=0.5, **mode)
    assert run_task(task).state == "skipped"


# Where it was awaited.

OTHER = "https://elsewhere.example"


def make(kind: str, of: str, **options: Any) -> Any:
    return (OPERATORS if of == "operator" else SENSORS)[kind](deferrable=True, **options)


@KINDS
@pytest.mark.parametrize("of", ["operator", "sensor"])
@pytest.mark.parametrize("moved", ["origin", "account"])
@pytest.mark.parametrize("noted_by", ["worker", "trigger"])
@pytest.mark.parametrize("failed", [False, True])
def test_another_place_is_not_asked_for_an_id_of_before(
    kind: str,
    of: str,
    moved: str,
    noted_by: str,
    failed: bool,
    service: Service,
    store: Callable[..., None],
) -> None:
    if moved == "account" and kind == "sync":
        pytest.skip("a token of Segment belongs to one workspace")
    place = {"origin": OTHER if moved == "origin" else service.url, "account": ACCOUNT + 1}
    place["account"] = ACCOUNT if moved == "origin" else ACCOUNT + 1
    if kind == "sync":
        place["account"] = None
    awaited = {**IDS[kind], "see": "https://page.example", "by_airflow": True}
    event = dict(IDS[kind])
    if failed:
        event |= {"error": "WaitTimeoutError", "message": "late", "cancel_on_kill": True}
    (awaited if noted_by == "worker" else event).update(place)
    with pytest.raises(ConnectionMovedError) as failure:
        make(kind, of).execute_complete(context(), event=event, awaited=awaited)
    said = str(failure.value)
    assert ("dbt Cloud run 11 is at" if kind == "run" else "Segment sync s is at") in said
    assert f"now points to {service.url}" in said
    assert service.received == []


def test_a_sensor_that_began_in_the_triggerer_compares_what_the_trigger_has_noted(
    service: Service, store: Callable[..., None]
) -> None:
    event = {**IDS["run"], "origin": OTHER, "account": ACCOUNT}
    with pytest.raises(ConnectionMovedError):
        make("run", "sensor").execute_complete(
            context(), event=event, awaited={"begun": True, "by_airflow": False}
        )
    assert service.received == []


@KINDS
@pytest.mark.parametrize("of", ["operator", "sensor"])
def test_a_task_notes_where_it_waits(
    kind: str, of: str, service: Service, store: Callable[..., None]
) -> None:
    service.story = [(0.0, run(3) if kind == "run" else sync("IN_PROGRESS"))]
    service.at_look = {1: lambda: store("one", OTHER)}
    service.story = [*service.story, (0.4, run(20) if kind == "run" else sync("FAIL"))]
    options = {"poll_interval": 0.1} if of == "operator" else {"poke_interval": 1}
    service.begin()
    ended = run_task(make(kind, of, **options))
    assert isinstance(ended.error, ConnectionMovedError), ended
    assert f"now points to {OTHER}" in ended.message


@KINDS
def test_a_task_that_was_deferred_without_a_place_goes_on(
    kind: str, service: Service, store: Callable[..., None]
) -> None:
    service.story = [(0.0, run(10) if kind == "run" else sync("SUCCESS"))]
    value = make(kind, "operator").execute_complete(
        context(), event=IDS[kind], awaited={**IDS[kind], "see": "", "by_airflow": False}
    )
    assert value == (RUN if kind == "run" else SYNC)


# Tokens.


@KINDS
@pytest.mark.parametrize("stored", ["before", "after"])
def test_the_end_is_fetched_with_the_new_token(
    kind: str, stored: str, service: Service, store: Callable[..., None]
) -> None:
    service.story = [(0.0, run(10) if kind == "run" else sync("SUCCESS"))]
    task = OPERATORS[kind](poll_interval=0.1)
    _ = task.hook.settings
    service.token = "two"
    if stored == "before":
        store("two")
    else:
        naps: list[float] = []
        task._sleep = lambda seconds: naps.append(seconds) or store("two")
    assert task.execute_complete(context(), IDS[kind]) in (RUN, SYNC)


@KINDS
def test_a_worker_waits_on_with_the_new_token(
    kind: str, service: Service, store: Callable[..., None]
) -> None:
    going, ended = (run(3), run(10)) if kind == "run" else (sync("IN_PROGRESS"), sync("SUCCESS"))
    service.story = [(0.0, going), (0.5, ended)]

    def replace() -> None:
        service.token = "two"
        store("two")

    service.at_look = {2: replace}
    service.begin()
    assert run_task(OPERATORS[kind](poll_interval=0.1)).state == "success"


@SENSOR_MODES
@KINDS
def test_a_sensor_waits_on_with_the_new_token(
    kind: str, mode: dict[str, Any], service: Service, store: Callable[..., None]
) -> None:
    going, ended = (run(3), run(10)) if kind == "run" else (sync("IN_PROGRESS"), sync("SUCCESS"))
    service.story = [(0.0, going), (1.0, ended)]

    def replace() -> None:
        service.token = "two"
        store("two")

    service.at_look = {1: replace}
    service.begin()
    ended_task = run_task(SENSORS[kind](poke_interval=0.2, timeout=30, **mode))
    assert ended_task.state == "success", ended_task.message


def test_a_kill_uses_the_token_that_the_waiting_has_read(
    service: Service, store: Callable[..., None]
) -> None:
    hook = DbtCloudHook()
    twin = hook.twin(max_attempts=3)
    assert twin.get_run(RUN)["id"] == RUN
    service.token = "two"
    store("two")
    with pytest.raises(AuthError):
        twin.get_run(RUN)
    assert hook.renew() is True
    assert hook.renew() is False
    assert twin.get_run(RUN)["id"] == RUN
    assert twin.settings.transport.max_attempts == 3
    store("two", OTHER)
    with pytest.raises(ConnectionMovedError, match=f"now points to {OTHER}"):
        hook.renew()
    # The ids that it is asked for belong to the account of before.
    store("two", login="8")
    assert hook.renew() is False
    assert hook.settings.account_id == ACCOUNT


# What a gateway answers.


@KINDS
@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_pages_of_a_gateway_do_not_hide_the_end(
    kind: str, status: int, service: Service, store: Callable[..., None]
) -> None:
    page = Reply(status, "<html>sign in</html>", {"Content-Type": "text/html"})
    ended = run(10) if kind == "run" else sync("SUCCESS")
    service.story = [(0.0, page), (0.4, ended)]
    service.begin()
    value = OPERATORS[kind](poll_interval=0.1).execute_complete(context(), IDS[kind])
    assert value in (RUN, SYNC)


def test_an_end_that_the_service_no_longer_knows_is_final_when_that_is_confirmed(
    service: Service, store: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "NOT_FOUND_CONFIRMATION", 0.5)
    service.story = [(0.0, refusal(404, "no such run"))]
    with pytest.raises(DbtSegmentError, match="no such run"):
        OPERATORS["run"](poll_interval=0.1).execute_complete(context(), IDS["run"])
    assert service.looks >= 4


# The result.


@KINDS
def test_no_result_is_there_before_the_task_has_succeeded(
    kind: str, service: Service, store: Callable[..., None]
) -> None:
    going, ended = (run(3), run(10)) if kind == "run" else (sync("IN_PROGRESS"), sync("SUCCESS"))
    service.story = [(0.0, going), (0.5, ended)]
    instance = TaskInstance()
    seen: list[set[str]] = []
    service.at_look = {n: lambda: seen.append({*instance.xcoms}) for n in range(1, 4)}
    service.begin()
    task = OPERATORS[kind](poll_interval=0.1, deferrable=True)
    result = run_task(task, instance)
    assert result.state == "success"
    assert result.workers == 1
    assert instance.xcoms["return_value"] in (RUN, SYNC)
    assert seen
    assert not any("return_value" in xcoms for xcoms in seen)


@KINDS
def test_a_task_that_fails_leaves_no_result_behind(
    kind: str, service: Service, store: Callable[..., None]
) -> None:
    service.story = [(0.0, run(20) if kind == "run" else sync("FAIL"))]
    instance = TaskInstance()
    assert run_task(OPERATORS[kind](poll_interval=0.1, deferrable=True), instance).state == "failed"
    own = {"run_id", "run_url", "run_summary"} if kind == "run" else {"sync_id", "sync_url"}
    assert {*instance.xcoms} - {"sync_summary"} == own


@pytest.mark.parametrize("pushes", [True, False])
def test_no_result_is_left_behind_where_none_is_wanted(
    pushes: bool, service: Service, store: Callable[..., None]
) -> None:
    instance = TaskInstance()
    task = OPERATORS["run"](poll_interval=0.1, deferrable=True, do_xcom_push=pushes)
    assert run_task(task, instance).state == "success"
    assert ("return_value" in instance.xcoms) is pushes


# The execution timeout.


def test_a_run_that_the_trigger_has_cancelled_counts_as_cancelled_by_the_task(
    service: Service, store: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_deferred(task_instance: Any) -> bool:
        return True

    monkeypatch.setattr(expiring, "is_deferred", is_deferred)
    service.story = [(0.0, run(3))]
    ledger = Ledger()
    task = OPERATORS["run"](
        poll_interval=0.1, deferrable=True, retries=1, execution_timeout=timedelta(seconds=1)
    )
    ended = run_task(task, ledger=ledger)
    assert isinstance(ended.error, WaitTimeoutError)
    assert ended.state == "failed"
    assert service.cancelled == 1
    assert ledger.has_a_cancellation
