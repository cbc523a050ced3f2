"""How many processes of workers deferred tasks take in a real Airflow, and what they leave."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from airflow_provider_dbtsegment.compat import BEGINS_IN_TRIGGERER
from airflow_provider_dbtsegment.demo.local_airflow import LocalAirflow

DAG, RUN = "few_workers", "first"
#: What the log says once for each process of a worker.
STARTED = "DAG bundles loaded"
XCOMS = (
    *("return_value", "run_id", "run_url", "docs_url", "run_summary"),
    *("sync_id", "sync_url", "sync_summary", "called"),
)
LINKS = {"dbt Cloud run": "run_url", "dbt documentation": "docs_url", "Segment sync": "sync_url"}


class Ended(NamedTuple):
    """How a task ended."""

    state: str
    workers: int
    log: str
    xcoms: dict[str, Any]


@pytest.mark.skipif(not BEGINS_IN_TRIGGERER, reason="sensors begin in a worker below Airflow 3.3")
def test_a_wait_takes_one_worker_or_none(local_airflow: LocalAirflow) -> None:
    airflow, api = local_airflow, local_airflow.api
    airflow.wait_for_dag(DAG)
    api.trigger(DAG, {}, RUN)
    airflow.wait_until(lambda: api.links(DAG, RUN, "job"), "links of the job", 60)
    # They are there while it goes on.
    assert api.task_instance(DAG, RUN, "job")["state"] in ("running", "deferred")
    airflow.wait_for_run(DAG, RUN, timeout=150)
    ends: dict[str, Ended] = {}
    for task in api.task_instances(DAG, RUN):
        name = task["task_id"]
        if task["map_index"] >= 0:
            assert (name, task["state"]) == ("of_each", "success")
            mapped_links = api.links(DAG, RUN, name, map_index=task["map_index"])
            continue
        xcoms = {key: api.xcom(DAG, RUN, name, key) for key in XCOMS}
        log = api.task_log(DAG, RUN, name)
        ends[name] = Ended(
            task["state"],
            log.count(STARTED),
            log,
            {key: value for key, value in xcoms.items() if value is not None},
        )
    states = {name: (ended.state, ended.workers) for name, ended in ends.items()}
    assert states == {
        "job": ("success", 1),
        "with_two_workers": ("success", 2),
        "with_callback": ("success", 2),
        "broken": ("success", 1),
        "sync": ("success", 1),
        "of_output": ("success", 0),
        "of_xcom": ("success", 0),
        "of_sync": ("success", 0),
        "sensor_with_callback": ("success", 1),
        "of_nonsense": ("failed", 1),
        "of_broken": ("failed", 1),
    }
    links = {name: api.links(DAG, RUN, name) for name in ends}
    for name, ended in ends.items():
        # A worker leaves an empty text where there is nothing to link to.
        left = {link: ended.xcoms[key] for link, key in LINKS.items() if ended.xcoms.get(key)}
        assert links[name] == left, name
    assert mapped_links == links["job"]
    assert links["of_broken"].keys() == {"dbt Cloud run"}
    assert links["sync"]["Segment sync"].endswith("/sync-details")
    run_id, summary = ends["job"].xcoms["run_id"], ends["job"].xcoms["run_summary"]
    # As a worker does it: the same names, and values of the same types.
    two = ends["with_two_workers"].xcoms
    assert ends["job"].xcoms.keys() == two.keys()
    assert ends["job"].xcoms["return_value"] == run_id
    assert type(run_id) is int
    assert summary.keys() == two["run_summary"].keys()
    assert summary["run_url"] == ends["job"].xcoms["run_url"]
    assert f"dbt Cloud run {run_id}: success" in ends["job"].log
    assert ends["with_callback"].xcoms["called"] is True
    assert ends["sensor_with_callback"].xcoms["called"] is True
    for name in ("of_output", "of_xcom", "sensor_with_callback"):
        own = ("called", "docs_url")
        left = {key: value for key, value in ends[name].xcoms.items() if key not in own}
        assert left == {key: ends["job"].xcoms[key] for key in ("run_id", "run_url", "run_summary")}
    assert ends["sync"].xcoms["return_value"] == ends["of_sync"].xcoms["sync_summary"]["sync_id"]
    assert f"run_id is 'run {run_id}'; it must be a whole number" in ends["of_nonsense"].log
    broken = ends["of_broken"]
    assert "ended with status error in step" in broken.log
    assert broken.xcoms["run_url"] == ends["broken"].xcoms["run_url"]
