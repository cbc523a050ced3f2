"""`dag.test()` runs triggers without a triggerer: its tasks leave behind what they do elsewhere."""

import operator
import os

import pytest
from both_modes import dag

#: Has a mapping whose syncs take five seconds.
PROJECT = os.environ["TINY_PROJECT"]


def xcoms_of(run):
    """Return the XComs of a DAG run, by task and key."""
    from airflow.utils.session import create_session

    try:
        from airflow.models.xcom import XComModel as model

        value_of = model.deserialize_value
    except ImportError:  # Airflow 2
        from airflow.models.xcom import XCom as model

        value_of = operator.attrgetter("value")
    found = {}
    with create_session() as session:
        for row in session.query(model).filter(model.run_id == run.run_id):
            found.setdefault(row.task_id, {})[row.key] = value_of(row)
    return found


@pytest.mark.dbtsegment(project=PROJECT)
def test_a_deferred_task_leaves_behind_what_one_in_a_worker_does(dbtsegment_sandbox):
    run = dag.test()
    assert run.state == "success"
    xcoms = xcoms_of(run)
    for task in ("build", "sense_run", "sync", "sense_sync"):
        in_worker, deferred = (xcoms[f"{task}_{mode}"] for mode in ("worker", "deferred"))
        assert in_worker.keys() == deferred.keys(), task
        for key, value in in_worker.items():
            assert missing_in(deferred[key]) == missing_in(value), (task, key)
    sync, sensor = xcoms["sync_deferred"], xcoms["sense_sync_deferred"]
    assert sync["sync_url"].endswith("/sync-details")
    assert sync["sync_summary"]["sync_url"] == sync["sync_url"]
    assert sensor["sync_summary"]["sync_url"] == sensor["sync_url"]
    build = xcoms["build_deferred"]
    assert build["run_summary"]["run_url"] == build["run_url"]


def missing_in(value):
    """Return the keys of what is not known."""
    found = {None: value} if not isinstance(value, dict) else value
    return {key for key, one in found.items() if one is None}
