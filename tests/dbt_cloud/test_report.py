"""What a task log says of a run, while it goes on and at its end."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi, summary
from airflow_provider_dbtsegment.dbt_cloud.graphs import Graphs
from airflow_provider_dbtsegment.dbt_cloud.progress import describe_progress
from airflow_provider_dbtsegment.dbt_cloud.report import report, why_failed
from airflow_provider_dbtsegment.dbt_cloud.run_source import RunSource
from airflow_provider_dbtsegment.dbt_cloud.summary import summarize
from airflow_provider_dbtsegment.progress import PAUSE, Progress
from airflow_provider_dbtsegment.texts import WIDTH
from tests.dbt_cloud.left_behind import LeftBehind, ran, results, run_of, skipped
from tests.launched_service import Clock
from tests.one_wait import run
from tests.scripted_server import ScriptedServer, serving

LOG = """\
12:00:01  Concurrency: 2 threads (target='prod')
12:00:01  1 of 3 START sql table model shop.people ..................... [RUN]
12:00:01  2 of 3 START sql view model shop.orders ...................... [RUN]
12:00:02  \x1b[32m1 of 3 OK created sql table model shop.people ..... [OK in 1.00s]\x1b[0m
"""


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "graphs", Graphs())


def test_a_report_is_a_few_small_tables() -> None:
    with serving(LeftBehind()) as server:
        outcomes = [
            ran("model.shop.people", 0, 75),
            ran("model.shop.orders", 1, 2.5, 2, "error"),
            ran("test.shop.unique_people.1a2b", 75, 0.5, status="pass"),
            skipped("model.shop.late"),
        ]
        server.leave("run_results.json", results(*outcomes), step=2)
        told = summarize(api_at(server), run_of("deps", "build", status=20))
    assert report(told).splitlines() == [
        "dbt Cloud run 5: error after 1 min 12 s.",
        "",
        "step  command                      status   took",
        "1     Invoke dbt with `dbt deps`   success  1 min 01 s",
        "2     Invoke dbt with `dbt build`  success  1 min 01 s",
        "",
        "nodes  error  skipped  success  pass  all",
        "model      1        1        1          3",
        "test                               1    1",
        "",
        "slowest  type   took        thread",
        "people   model  1 min 15 s  Thread-1",
        "orders   model  2.50 s      Thread-2",
    ]


def test_names_of_others_break_no_report() -> None:
    with serving(LeftBehind()) as server:
        odd = "model.shop.<script>alert(1)</script>\x1b[2J\n" + "x" * 500
        server.leave("run_results.json", results(ran(odd, 0, 75, status="error")))
        steps = {"index": 1, "name": "Invoke dbt with `dbt build`\r\n" + "y" * 500, "status": 20}
        told = summarize(api_at(server), run_of(run_steps=[steps], status=20))
    said = report(told)
    assert max(map(len, said.splitlines())) <= WIDTH
    assert not set("<>\x1b\r") & set(said)
    reason = why_failed(run_of(run_steps=[steps], status=20), told)
    assert not set("\x1b\r") & set(reason)
    assert len(reason.splitlines()) == 4


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (None, None),
        ([{"name": "x", "status": 10}], None),
        (
            [{"name": "Clone", "status": 10}, {"name": "dbt build", "status": 3, "logs": LOG}],
            "dbt Cloud run 5: step 2 of 2, dbt build, 1 of 3 nodes done.",
        ),
        ([{"name": "a\nb", "status": 3, "logs": 7}], "dbt Cloud run 5: step 1 of 1, a b."),
        (
            [{"name": "b", "status": 3, "logs": "9" * 99 + " of 3 OK", "started_at": "x"}],
            "dbt Cloud run 5: step 1 of 1, b.",
        ),
    ],
)
def test_progress_is_told_by_steps_and_their_logs(steps: Any, said: str | None) -> None:
    assert describe_progress({"id": 5, "run_steps": steps}) == said


def test_progress_is_asked_for_once_a_minute_at_most(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    clock, said = Clock(), list[str]()
    source, progress = RunSource(api, 7), Progress(said.append, clock)
    steps = [{"name": "dbt build", "status": 3, "logs": LOG}]
    server.script(run(3, run_steps=steps))
    for _ in range(8):
        progress.tell(source, 11, source.ask_one(11))
        clock.now += PAUSE / 4
    queries = [urlsplit(one.path).query for one in server.received]
    assert ["run_steps" in query for query in queries] == [False] * 5 + [True] + [False] * 3
    assert said == ["dbt Cloud run 11: step 1 of 1, dbt build, 1 of 3 nodes done."]


def api_at(server: ScriptedServer) -> DbtCloudApi:
    from airflow_provider_dbtsegment.dbt_cloud import DbtCloudSettings
    from airflow_provider_dbtsegment.rest.auth import TokenAuth
    from airflow_provider_dbtsegment.rest.transport import TransportSettings

    transport = TransportSettings(server.url, TokenAuth("t0k"), max_attempts=1)
    return DbtCloudApi(DbtCloudSettings(transport, account_id=7))
