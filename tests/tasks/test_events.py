"""What a worker makes of the triggerer's events, and of the services' odd answers."""

from __future__ import annotations

import json
import pickle
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_dbtsegment import patience
from airflow_provider_dbtsegment.compat import AirflowFailException
from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    EndUnknownError,
    RunFailedError,
)
from airflow_provider_dbtsegment.launching.record import Record, record_cancellation
from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator
from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor
from airflow_provider_dbtsegment.sensors.segment import ReverseETLSyncSensor
from airflow_provider_dbtsegment.tasks import base
from tests.scripted_server import Reply, ScriptedServer
from tests.task_bench import Ledger, TaskInstance, run_task

JOB = 5
MAPPING = {"source_id": "s", "model_id": "m", "subscription_id": "x"}


@pytest.fixture
def dbt_cloud_at(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    connection = {"conn_type": "x", "host": server.url, "login": "7", "password": "t0k"}
    monkeypatch.setenv("AIRFLOW_CONN_DBT_CLOUD_DEFAULT", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW_CONN_SEGMENT_DEFAULT", json.dumps(connection))
    return server


def data(content: Any, total: int | None = None) -> Reply:
    extra = {} if total is None else {"extra": {"pagination": {"total_count": total}}}
    return Reply(body=json.dumps({"data": content, **extra}))


def context() -> Any:
    return {"ti": TaskInstance()}


def launched(operator: TriggerDbtJobOperator) -> tuple[Any, Any]:
    """Return the context of a task that has started run 11, and its launch records."""
    within = {**context(), "task_state_store": Ledger()}
    records = operator._records(within)
    records.write("a job", Record({}, id=11, nonces=("a nonce",)))
    return within, records


SEE = "https://dbt.example/runs/11"
RUN = {"run_id": 11, "see": SEE, "by_airflow": False}
SYNC = {"model_id": "m", "sync_id": "s", "see": "Segment", "by_airflow": False}
#: Events that say nothing of run 11, and nothing of sync s of model m.
FOREIGN = [
    None,
    "success",
    {},
    {"status": "success"},
    {"run_id": "11"},
    {"run_id": True},
    {"run_id": [11]},
    {"run_id": 12},
    {"run_id": 12, "error": "WaitTimeoutError", "message": "late", "cancel_on_kill": True},
    {"model_id": "m", "sync_id": 7},
    {"model_id": "m", "sync_id": "another"},
    {"model_id": None, "sync_id": "s"},
]


@pytest.mark.parametrize("event", FOREIGN, ids=str)
@pytest.mark.parametrize(
    ("task", "awaited"),
    [
        (TriggerDbtJobOperator(task_id="t", job_id=JOB), RUN),
        (DbtCloudRunSensor(task_id="t", run_id=11), RUN),
        (DbtCloudRunSensor(task_id="t", run_id=11, soft_fail=True), RUN),
        (CreateReverseETLManualSyncOperator(task_id="t", **MAPPING), SYNC),
        (ReverseETLSyncSensor(task_id="t", model_id="m", sync_id="s"), SYNC),
    ],
    ids=["job", "run sensor", "soft run sensor", "sync", "sync sensor"],
)
def test_an_event_of_something_else_fails_and_says_where_to_look(
    task: Any, awaited: dict[str, Any], event: Any, dbt_cloud_at: ScriptedServer
) -> None:
    with pytest.raises(EndUnknownError) as failure:
        task.execute_complete(context(), event=event, awaited=awaited)
    what = "dbt Cloud run 11" if awaited is RUN else "Segment sync s"
    assert f"which says nothing about {what}. How that ends is not known here; see" in (
        str(failure.value)
    )
    assert awaited["see"] in str(failure.value)
    assert dbt_cloud_at.received == []


@pytest.mark.parametrize("event", [event for event in FOREIGN if "12" not in str(event)], ids=str)
def test_an_event_for_a_task_that_an_older_version_deferred_must_name_a_run(event: Any) -> None:
    with pytest.raises(EndUnknownError, match="says nothing about a run or a sync"):
        TriggerDbtJobOperator(task_id="t", job_id=JOB).execute_complete(context(), event=event)


def test_a_task_that_an_older_version_deferred_goes_on(dbt_cloud_at: ScriptedServer) -> None:
    dbt_cloud_at.script(data({"id": 11, "status": 10}))
    operator = TriggerDbtJobOperator(task_id="t", job_id=JOB)
    assert operator.resume_execution("execute_complete", {"event": {"run_id": 11}}, context()) == 11


def test_an_event_is_not_believed(
    dbt_cloud_at: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "LAG", 0.2)
    dbt_cloud_at.script(data({"id": 11, "status": 3}))
    operator = TriggerDbtJobOperator(task_id="t", job_id=JOB)
    within, records = launched(operator)
    with pytest.raises(EndUnknownError, match="has not ended; its status is running"):
        operator.execute_complete(within, {"run_id": 11, "status": "success"})
    # A later attempt takes the run over instead of starting a second one.
    records.read()
    assert records.get("a job").used == ""


@pytest.mark.parametrize(
    ("is_ours", "failure"),
    [(True, RunFailedError), (False, AirflowFailException)],
)
def test_a_run_that_the_task_itself_has_cancelled_is_no_reason_to_give_up(
    is_ours: bool, failure: type[Exception], dbt_cloud_at: ScriptedServer
) -> None:
    dbt_cloud_at.script(data({"id": 11, "status": 30}))
    operator = TriggerDbtJobOperator(task_id="t", job_id=JOB)
    within, records = launched(operator)
    if is_ours:
        assert record_cancellation(records.store, records.get("a job"))
    with pytest.raises(failure, match="ended with status cancelled"):
        operator.execute_complete(within, {"run_id": 11})
    records.read()
    assert records.get("a job").used == "failure"


def test_a_list_that_is_ahead_of_the_run_itself_is_waited_for(
    dbt_cloud_at: ScriptedServer,
) -> None:
    dbt_cloud_at.script(data({"id": 11, "status": 3}), data({"id": 11, "status": 10}))
    operator = TriggerDbtJobOperator(task_id="t", job_id=JOB, poll_interval=0.1)
    assert operator.execute_complete(context(), {"run_id": 11}) == 11


def test_faults_at_the_end_are_survived(dbt_cloud_at: ScriptedServer) -> None:
    dbt_cloud_at.script(Reply(503), Reply(drop="reset"), data({"id": 11, "status": 10}))
    operator = TriggerDbtJobOperator(task_id="t", job_id=JOB, poll_interval=0.1)
    assert operator.execute_complete(context(), {"run_id": 11}) == 11


def test_the_run_id_is_left_behind_without_asking_again(dbt_cloud_at: ScriptedServer) -> None:
    dbt_cloud_at.script(data({"id": 11, "project_id": 3, "account_id": 7}), Reply(500))
    task = TriggerDbtJobOperator(task_id="t", job_id=JOB, wait_for_termination=False)
    ended = run_task(task)
    assert ended.value == 11
    assert ended.xcoms["run_id"] == 11
    assert ended.xcoms["run_url"] == f"{dbt_cloud_at.url}/deploy/7/projects/3/runs/11"


def test_an_unreadable_answer_to_the_start_is_looked_for(
    dbt_cloud_at: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = TriggerDbtJobOperator(task_id="t", job_id=JOB, wait_for_termination=False)

    def list_runs() -> Reply:
        cause = json.loads(dbt_cloud_at.received[0].body)["cause"]
        return data([{"id": 11, "status": 3, "trigger": {"cause": cause}}], 1)

    monkeypatch.setattr(
        dbt_cloud_at,
        "reply_to",
        lambda request: data(None) if request.method == "POST" else list_runs(),
    )
    ended = run_task(task)
    assert ended.value == 11
    assert [request.method for request in dbt_cloud_at.received][:2] == ["POST", "GET"]


def test_an_unreadable_answer_of_segment_is_looked_for(dbt_cloud_at: ScriptedServer) -> None:
    def syncs(*ids: str) -> Reply:
        return data({"syncStatuses": [_sync(one) for one in ids]})

    dbt_cloud_at.script(syncs("old"), data({"reverseETLManualSync": {}}), syncs("new", "old"))
    task = CreateReverseETLManualSyncOperator(task_id="t", wait_for_completion=False, **MAPPING)
    ledger = Ledger()
    assert run_task(task, ledger=ledger).value == "new"
    assert [request.method for request in dbt_cloud_at.received].count("POST") == 1


def _sync(sync_id: str) -> dict[str, str]:
    at = {"old": "2026-01-01T00:00:00Z", "new": "2026-01-01T01:00:00Z"}[sync_id]
    return {"syncId": sync_id, "syncStatus": "IN_PROGRESS", "startedAt": at}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("kind", ["operator", "sensor"])
def test_a_task_that_is_resumed_with_the_event_alone_has_a_link(
    kind: str, known: bool, dbt_cloud_at: ScriptedServer
) -> None:
    """As `dag.test()` does, which drops what else a task has deferred itself with."""
    ended = {"syncId": "s", "modelId": "m", "syncStatus": "SUCCESS"}
    dbt_cloud_at.script(data({"reverseETLSyncStatus": ended}))
    task: Any = CreateReverseETLManualSyncOperator(task_id="t", **MAPPING)
    if kind == "sensor":
        task = ReverseETLSyncSensor(task_id="t", model_id="m", sync_id="s")
    url = f"{dbt_cloud_at.url}/workspace/mappings/x"
    within = context()
    within["ti"].xcoms |= {"sync_url": url} if known else {}
    task.execute_complete(within, {"model_id": "m", "sync_id": "s"})
    above = f"{dbt_cloud_at.url}/goto-my-workspace/reverse-etl"
    assert within["ti"].xcoms["sync_summary"]["sync_url"] == (url if known else above)


def test_results_that_cannot_be_read_do_not_fail_a_success(dbt_cloud_at: ScriptedServer) -> None:
    step = {"index": 1, "name": "Invoke dbt with `dbt --target prod build`", "status": 10}
    run = {"id": 11, "status": 10, "run_steps": [step]}
    for results in (Reply(body="[1]"), Reply(body='{"results": [1, null]}'), Reply(403)):
        dbt_cloud_at.script(data(run), results)
        ended = context()
        operator = TriggerDbtJobOperator(task_id="t", job_id=JOB)
        assert operator.execute_complete(ended, {"run_id": 11}) == 11
        assert ended["ti"].xcoms["run_summary"]["nodes"] == {}
        assert "run_results.json" in dbt_cloud_at.received[1].path


def test_a_reused_run_is_not_cancelled_by_a_kill(dbt_cloud_at: ScriptedServer) -> None:
    dbt_cloud_at.script(data([{"id": 5, "status": 3}], 1))
    task = TriggerDbtJobOperator(
        task_id="t", job_id=JOB, reuse_existing_run=True, wait_for_termination=False
    )
    assert run_task(task).value == 5
    task.on_kill()
    assert all(request.method == "GET" for request in dbt_cloud_at.received)


def test_a_reschedule_does_not_forget_when_the_waiting_began(
    dbt_cloud_at: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It was seen before, or the waiting would have ended; one process confirms that it is gone.
    monkeypatch.setattr(patience, "NOT_FOUND_CONFIRMATION", 2.5)
    dbt_cloud_at.script(Reply(404, '{"status": {"user_message": "no such run"}}'))
    task = DbtCloudRunSensor(task_id="t", run_id=4711, mode="reschedule", poke_interval=0.1)
    long_ago = datetime.now(timezone.utc) - timedelta(minutes=5)
    ended = run_task(task, TaskInstance(began=long_ago))
    assert ended.state == "failed"
    assert "no such run" in ended.message
    assert ended.reschedules == 0


def test_a_lost_answer_keeps_its_class_and_its_words_through_pickling() -> None:
    error = AnswerLostError("no answer", method="GET", url="https://dbt.example")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made one line above
    assert type(again) is AnswerLostError
    assert str(again) == str(error)
    assert again.method == "GET"
