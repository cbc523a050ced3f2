"""Functions that the documentation shows do what it says, asked of the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from tests.docs.pages import blocks


def shown(page: str, name: str) -> Callable[..., Any]:
    """Return a function of a page."""
    (code,) = (b.code for b in blocks("python") if b.page == page and f"def {name}(" in b.code)
    namespace: dict[str, Any] = {}
    exec(compile(code, page, "exec"), namespace)  # noqa: S102
    function = namespace[name]
    return getattr(function, "function", function)  # type: ignore[no-any-return]


def test_a_model_is_switched_to_manual(segment: SegmentHook) -> None:
    model = segment.list_reverse_etl_models()[0]["id"]
    segment.update_reverse_etl_model(
        model, schedule_strategy="PERIODIC", schedule_config={"interval": "1h"}
    )
    shown("moving-schedule.md", "switch_to_manual")(model)
    assert segment.get_reverse_etl_model(model)["scheduleStrategy"] == "MANUAL"


def test_what_has_no_method_is_asked_for_by_its_path(dbt_cloud: DbtCloudHook) -> None:
    account = dbt_cloud.settings.account_id
    found = shown("moving-dbtc.md", "environments_of_the_account")(account)
    wanted = []
    for project in dbt_cloud.list_projects():
        wanted += [one["id"] for one in dbt_cloud.list_environments(project["id"])]
    assert wanted
    assert [one["id"] for one in found] == wanted


def test_failed_runs_are_listed_the_newest_first(dbt_cloud: DbtCloudHook) -> None:
    nonsense = {"cause": "to fail", "steps_override": ["dbt run --nonsense"]}
    job = dbt_cloud.list_jobs()[0]["id"]
    run = dbt_cloud.trigger_job(job, nonsense, poll_interval=0.1)["id"]
    assert shown("operators.md", "failed_runs_of")(job)[0] == run
    assert run in shown("moving-dbtc.md", "failed_runs")()
