"""Tasks of classes that somebody derives from ours are known before they leave a summary."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.dbt_cloud_artifacts import GetDbtRunArtifactOperator
from airflow_provider_dbtsegment.operators.segment import (
    CreateReverseETLManualSyncOperator,
    TriggerDbtModelSyncOperator,
)
from tests.ui.page import Page, run_path
from tests.ui.rows import Rows


class BuildShop(TriggerDbtJobOperator):
    """Somebody's own."""


class FetchManifest(GetDbtRunArtifactOperator):
    """Somebody's own."""


class SyncTool(CreateReverseETLManualSyncOperator):
    """Somebody's own."""


class ReadModels(TriggerDbtModelSyncOperator):
    """Somebody's own."""


def write(rows: Rows, dag_id: str = "shop") -> Any:
    """Write a DAG of such tasks alone, and return it."""
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG

    with DAG(dag_id, schedule=None) as dag:
        BuildShop(task_id="build", job_id=1)
        FetchManifest(task_id="fetch", run_id=1, path="manifest.json", output_path="x")
        ids = {"source_id": "s", "model_id": "m"}
        SyncTool.partial(task_id="sync", **ids).expand(subscription_id=["a", "b"])
        ReadModels(task_id="read", source_id="s")
        EmptyOperator(task_id="nothing_of_ours")
    rows.dag(dag_id)
    rows.version(dag)
    return dag


def test_the_run_page_knows_them_by_their_links(ask: Any, rows: Rows) -> None:
    write(rows)
    run = rows.run("shop", state="failed")
    rows.task(run, "build", operator="BuildShop", state="failed", took=3.0)
    rows.task(run, "fetch", operator="FetchManifest", state="upstream_failed")
    for index in range(2):
        rows.task(run, "sync", operator="SyncTool", state="upstream_failed", map_index=index)
    rows.task(run, "read", operator="ReadModels", state="upstream_failed")
    rows.task(run, "nothing_of_ours", operator="EmptyOperator", state="failed")
    page = Page(ask(run_path("shop", "manual__1")).text)
    tiles = [tile.one("h2").text for tile in page.root.all("li", class_="tile")]
    assert tiles == ["build", "2 mappings"]
    assert [one.text for one in page.section("What broke").all("h3")] == ["task build: failed"]
    skipped = page.section("What was skipped").text
    assert all(name in skipped for name in ("fetch", "sync [0]", "sync [1]", "read"))
    assert "nothing_of_ours" not in page.html


def test_the_overview_knows_them_before_their_first_run(ask: Any, rows: Rows) -> None:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG

    write(rows, "never_ran")
    with DAG("nothing_of_ours", schedule=None) as other:
        EmptyOperator(task_id="nothing")
    rows.dag("nothing_of_ours")
    rows.version(other)

    def shown() -> list[str]:
        lines = Page(ask("/dbtsegment/overview").text).root.all("tr")
        return [one.attributes["data-dag"] for one in lines if "data-dag" in one.attributes]

    assert shown() == ["never_ran"]
    # what is remembered of a version says nothing of the next one
    with DAG("nothing_of_ours", schedule=None) as other:
        BuildShop(task_id="build", job_id=1)
    rows.version(other)
    assert shown() == ["never_ran", "nothing_of_ours"]
