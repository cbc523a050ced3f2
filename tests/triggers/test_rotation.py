"""A token that is replaced while tasks are deferred; a connection that points elsewhere by then."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_provider_dbtsegment import patience
from airflow_provider_dbtsegment.hooks import base as hooks
from airflow_provider_dbtsegment.triggers import base as triggers
from airflow_provider_dbtsegment.triggers import connections
from airflow_provider_dbtsegment.triggers.dbt_cloud import DbtCloudRunTrigger
from airflow_provider_dbtsegment.triggers.segment import ReverseETLSyncTrigger
from airflow_provider_dbtsegment.watch import Watcher
from airflow_provider_dbtsegment.watching import renewal
from tests.scripted_server import Received, Reply, ScriptedServer, serving
from tests.task_bench import again, first_event

RunTrigger = Callable[..., DbtCloudRunTrigger]
REFUSAL = json.dumps(
    {"status": {"user_message": "no such token"}, "errors": [{"message": "no such token"}]}
)


class Service(ScriptedServer):
    """Both services, which take one token at a time and know everything under each id."""

    def __init__(self) -> None:
        super().__init__()
        self.token = "one"
        self.status = 3

    def reply_to(self, request: Received) -> Reply:
        if request.headers["Authorization"] != f"Bearer {self.token}":
            return Reply(401, REFUSAL)
        if "/syncs/" in request.path:
            word = "SUCCESS" if self.status == 10 else "IN_PROGRESS"
            sync = {"syncId": request.path.rpartition("/")[2], "syncStatus": word}
            return Reply(body=json.dumps({"data": {"reverseETLSyncStatus": sync}}))
        path, query = urlsplit(request.path).path, parse_qs(urlsplit(request.path).query)
        if not path.endswith("/runs/"):
            return Reply(body=json.dumps({"data": self._run(int(path.split("/")[6]))}))
        if "pk__in" not in query:
            return Reply(400, REFUSAL)  # what has ended lately is not told
        statuses = json.loads(query.get("status__in", ["[3, 10]"])[0])
        runs = [self._run(one) for one in json.loads(query["pk__in"][0])]
        runs = runs if self.status in statuses else []
        extra = {"pagination": {"total_count": len(runs)}}
        return Reply(body=json.dumps({"data": runs, "extra": extra}))

    def _run(self, run_id: int) -> dict[str, int]:
        return {"id": run_id, "account_id": 7, "status": self.status}


@pytest.fixture
def service() -> Iterator[Service]:
    with serving(Service()) as service:
        yield service


class Airflow:
    """Airflow's connections, which count how often they are read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self._given = hooks.get_connection
        self.readings = 0
        self.broken: Exception | None = None
        monkeypatch.setattr(hooks, "get_connection", self.get_connection)

    def store(self, url: str, token: str, login: str = "7") -> None:
        for name in ("DBT_CLOUD", "SEGMENT"):
            connection = {"conn_type": "x", "host": url, "login": login, "password": token}
            self._patch.setenv(f"AIRFLOW_CONN_{name}_DEFAULT", json.dumps(connection))

    async def get_connection(self, conn_id: str) -> Any:
        self.readings += 1
        await asyncio.sleep(0.02)
        if self.broken is not None:
            raise self.broken
        return await self._given(conn_id)


@pytest.fixture
def airflow(service: Service, monkeypatch: pytest.MonkeyPatch) -> Airflow:
    airflow = Airflow(monkeypatch)
    airflow.store(service.url, "one")
    monkeypatch.setattr(renewal, "RENEWAL_PAUSE", 0.1)
    monkeypatch.setattr(patience, "AUTH_CONFIRMATION", 2.0)
    return airflow


def sync_trigger(sync_id: str = "s", **changed: Any) -> ReverseETLSyncTrigger:
    made = ReverseETLSyncTrigger(
        segment_conn_id="segment_default",
        model_id="m",
        sync_id=sync_id,
        poll_interval=0.1,
        deadline=None,
        began=0.0,
        **changed,
    )
    trigger = again(made)
    assert isinstance(trigger, ReverseETLSyncTrigger)
    return trigger


@pytest.mark.parametrize("stored_after", [0.0, 0.5])
@pytest.mark.parametrize("kind", ["run", "sync"])
async def test_a_replaced_token_ends_no_wait(
    kind: str, stored_after: float, run_trigger: RunTrigger, service: Service, airflow: Airflow
) -> None:
    trigger = run_trigger(poll_interval=0.1) if kind == "run" else sync_trigger()
    wait = asyncio.create_task(first_event(trigger))
    while len(service.received) < 2:
        await asyncio.sleep(0.01)
    service.token = "two"
    await asyncio.sleep(stored_after)
    airflow.store(service.url, "two")
    await asyncio.sleep(0.5)
    service.status = 10
    event = await wait
    assert "error" not in event
    assert airflow.readings <= 2 + (stored_after + 0.5) / 0.1


async def test_triggers_that_begin_before_and_after_share_the_new_token(
    run_trigger: RunTrigger, service: Service, airflow: Airflow
) -> None:
    early = [asyncio.create_task(first_event(run_trigger(run_id=n))) for n in range(1, 301)]
    while len(service.received) < 6:
        await asyncio.sleep(0.01)
    airflow.store(service.url, "two")
    service.token = "two"
    await asyncio.sleep(1.1)
    late = [asyncio.create_task(first_event(run_trigger(run_id=n))) for n in range(301, 601)]
    await asyncio.sleep(0.5)
    assert len(Watcher._shared) == 1
    service.status = 10
    events = await asyncio.gather(*early, *late)
    assert [event for event in events if "error" in event] == []
    # Thousands cost as much.
    assert airflow.readings <= 5


async def test_a_trigger_that_begins_replaces_the_token_of_the_others(
    run_trigger: RunTrigger, service: Service, airflow: Airflow
) -> None:
    wait = asyncio.create_task(first_event(run_trigger(poll_interval=5)))
    await asyncio.sleep(1.1)
    airflow.store(service.url, "two")
    other = asyncio.create_task(first_event(run_trigger(poll_interval=5)))
    await asyncio.sleep(0.3)
    watcher = next(iter(Watcher._shared.values()))
    assert watcher.source.api.settings.transport.auth._token == "two"
    for task in (wait, other):
        task.cancel()
    await asyncio.gather(wait, other, return_exceptions=True)


async def test_a_refused_token_that_is_not_replaced_ends_the_wait(
    run_trigger: RunTrigger, service: Service, airflow: Airflow
) -> None:
    service.token = "two"
    began = asyncio.get_running_loop().time()
    event = await first_event(run_trigger(poll_interval=0.1))
    assert event["error"] == "AuthError"
    assert 2.0 <= asyncio.get_running_loop().time() - began < 4


async def test_a_token_is_kept_while_airflow_does_not_tell(
    run_trigger: RunTrigger, service: Service, airflow: Airflow
) -> None:
    wait = asyncio.create_task(first_event(run_trigger(poll_interval=0.1)))
    await asyncio.sleep(0.3)
    airflow.broken = ConnectionError("no Airflow")
    service.token, service.status = "two", 10
    airflow.store(service.url, "two")
    await asyncio.sleep(3)
    airflow.broken = None
    assert await wait == {"run_id": 11}


@pytest.mark.parametrize("gone", [{"host": ""}, None], ids=["wrong", "missing"])
async def test_a_connection_that_is_wrong_for_a_moment_ends_no_wait(
    gone: Any, run_trigger: RunTrigger, service: Service, airflow: Airflow, monkeypatch: Any
) -> None:
    name = "AIRFLOW_CONN_DBT_CLOUD_DEFAULT"
    monkeypatch.delenv(name) if gone is None else monkeypatch.setenv(name, json.dumps(gone))
    wait = asyncio.create_task(first_event(run_trigger(poll_interval=0.1)))
    await asyncio.sleep(0.4)
    airflow.store(service.url, "one")
    service.status = 10
    assert await wait == {"run_id": 11}


ELSEWHERE = "https://elsewhere.example"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"origin": ELSEWHERE, "account": 7}, f"dbt Cloud run 11 is at {ELSEWHERE} (account 7), "),
        ({"account": 8}, "(account 8), but the connection 'dbt_cloud_default' now points to "),
    ],
    ids=["origin", "account"],
)
async def test_a_run_of_another_place_is_not_asked_for(
    changed: dict[str, Any],
    says: str,
    run_trigger: RunTrigger,
    service: Service,
    airflow: Airflow,
) -> None:
    event = await first_event(run_trigger(**{"origin": service.url, **changed}))
    assert event["error"] == "ConnectionMovedError"
    assert says in event["message"]
    assert service.received == []


async def test_a_sync_of_another_place_is_not_asked_for(service: Service, airflow: Airflow) -> None:
    event = await first_event(sync_trigger(origin=ELSEWHERE))
    assert event["error"] == "ConnectionMovedError"
    assert "Segment sync s is at" in event["message"]
    assert service.received == []


async def test_the_same_place_is_asked_as_ever(
    run_trigger: RunTrigger, service: Service, airflow: Airflow
) -> None:
    service.status = 10
    # An account that the task names goes before the one of the connection.
    trigger = run_trigger(origin=service.url, account=5, account_id=5)
    assert await first_event(trigger) == {"run_id": 11}
    assert "/accounts/5/" in service.received[0].path


@pytest.mark.parametrize("what", ["origin", "account"])
async def test_a_connection_that_points_elsewhere_when_its_token_is_refused_ends_all_waits(
    what: str, run_trigger: RunTrigger, service: Service, airflow: Airflow
) -> None:
    waits = [
        asyncio.create_task(first_event(run_trigger(run_id=n, poll_interval=0.1)))
        for n in range(1, 4)
    ]
    await asyncio.sleep(0.4)
    with serving(Service()) as other:
        other.token = service.token = "two"
        where = {"url": other.url} if what == "origin" else {"url": service.url, "login": "8"}
        airflow.store(token="two", **where)
        events = await asyncio.gather(*waits)
        assert {event["error"] for event in events} == {"ConnectionMovedError"}
        assert other.received == []
    assert not [one for one in service.received if "/accounts/8/" in one.path]


async def test_what_a_person_has_ended_is_not_cancelled_elsewhere(
    run_trigger: RunTrigger, service: Service, airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_dbtsegment.triggers import cancelling

    monkeypatch.setattr(cancelling, "task_state", lambda task_instance: "failed")
    await run_trigger(origin=ELSEWHERE, account=7).on_kill()
    assert service.received == []
    await run_trigger(origin=service.url, account=7).on_kill()
    assert [one.path for one in service.received] == ["/api/v2/accounts/7/runs/11/cancel/"]


async def test_teams_that_share_a_triggerer_do_not_share_connections(
    service: Service, airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer for one team is not given to another, though the ids are the same."""
    monkeypatch.setattr(triggers, "connection_scope", lambda instance: instance and instance.dag_id)
    tokens: list[str] = []

    async def get_connection(conn_id: str) -> Any:
        token = f"token-{len(tokens)}"
        tokens.append(token)
        return SimpleNamespace(
            host=service.url, port=None, login="7", password=token, schema=None, extra=None
        ), {}

    monkeypatch.setattr(hooks, "get_connection", get_connection)
    waits = []
    for dag_id in ("of_a", "of_b", "of_a"):
        trigger = sync_trigger()
        trigger._task_instance = SimpleNamespace(dag_id=dag_id)
        waits.append(asyncio.create_task(first_event(trigger)))
    await asyncio.sleep(0.3)
    assert len(tokens) == 2
    used = {
        watcher.source.api.settings.transport.auth._token for watcher in Watcher._shared.values()
    }
    assert used == set(tokens)
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)


@pytest.mark.parametrize(("multi_team", "scope"), [("False", None), ("True", "a_dag")])
def test_a_dag_tells_teams_apart(
    multi_team: str, scope: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_dbtsegment.compat import connection_scope

    monkeypatch.setenv("AIRFLOW__CORE__MULTI_TEAM", multi_team)
    assert connection_scope(SimpleNamespace(dag_id="a_dag")) == scope


async def test_a_connection_of_before_is_not_taken_for_the_one_of_now(
    airflow: Airflow, service: Service
) -> None:
    from airflow_provider_dbtsegment.hooks.segment import SegmentHook
    from airflow_provider_dbtsegment.patience import Patience

    async def digest() -> str:
        hook = await connections.resolved(SegmentHook(), Patience(None, 0.0), 1.0, None)
        return hook.settings.transport.auth.digest

    first = await digest()
    airflow.store(service.url, "two")
    await asyncio.sleep(connections.RECENT)
    assert await digest() != first


def test_a_trigger_of_an_older_version_is_made_again(run_trigger: RunTrigger) -> None:
    for trigger in (run_trigger(), sync_trigger()):
        path, kwargs = trigger.serialize()
        old = {name: value for name, value in kwargs.items() if name not in NEW}
        made = type(trigger)(**old)
        assert made.serialize() == (path, {**kwargs, "origin": None, "account": None})


NEW = ("origin", "account", "by_airflow")
