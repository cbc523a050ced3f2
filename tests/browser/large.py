"""
Write what runs of a large pipeline would have left behind: 2,000 nodes and 50 mappings in each.

Runs in a process with the settings of the Airflow that it writes for.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from tests.browser.bed import Bed
from tests.ui.rows import Rows, Run
from tests.ui.summaries import dbt_run, sync

DAG_ID = "large_pipeline"
NODES, MAPPINGS, RUNS = 2000, 50, 20
ROOT = Path(__file__).parents[2]


def make_runs(bed: Bed) -> list[str]:
    """Make the runs in an Airflow that has none, and return their ids, the oldest first."""
    api, path = bed.api(), f"/dags/{DAG_ID}/dagRuns"
    bed.airflow.wait_for_dag(DAG_ID)
    ids = [f"day_{number:02d}" for number in range(RUNS)]
    if api.get(path)["total_entries"]:
        return ids
    for run_id in ids:
        api.trigger(DAG_ID, run_id=run_id)
    for number, run_id in enumerate(ids):
        state = "failed" if number == RUNS - 1 else "success"
        api.request("PATCH", f"{path}/{run_id}", json={"state": state})
    environment = bed.airflow.environment()
    environment["PYTHONPATH"] = f"{ROOT}:{environment.get('PYTHONPATH', '')}"
    command = [sys.executable, "-W", "ignore", "-m", "tests.browser.large", *ids]
    subprocess.run(command, env=environment, check=True, cwd=ROOT)
    return ids


def write(run_ids: list[str]) -> None:
    """Write times and XComs of runs that are there."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select, update

    rows = Rows()
    first = datetime.now(timezone.utc) - timedelta(days=len(run_ids) - 1, hours=2)
    for day, run_id in enumerate(run_ids):
        began, last = first + timedelta(days=day), day == len(run_ids) - 1
        build = dbt_run(
            NODES,
            began=began,
            seed=day,
            threads=16,
            failed={70, 900} if last else (),
            skipped_for=12,
            slow={300: 14.0, 1200: 9.0} if last else None,
        )
        synced = began + timedelta(seconds=build["duration"] + 20)
        with rows.session() as session:
            spans = {"start_date": began, "end_date": synced + timedelta(seconds=110)}
            mine = (DagRun.dag_id == DAG_ID) & (DagRun.run_id == run_id)
            session.execute(update(DagRun).where(mine).values(run_after=began, **spans))
            number = session.scalar(select(DagRun.id).where(mine))
            mine = (TaskInstance.dag_id == DAG_ID) & (TaskInstance.run_id == run_id)
            session.execute(update(TaskInstance).where(mine).values(**spans, state="success"))
            if last:
                broken = mine & (TaskInstance.task_id == "build")
                session.execute(update(TaskInstance).where(broken).values(state="failed"))
        assert number is not None
        run = Run(DAG_ID, run_id, number, began)
        rows.xcoms(run, "build", {"run_id": build["run_id"], "run_summary": build})
        for mapping in range(MAPPINGS):
            told = sync(
                f"mapping_{mapping:02d}",
                added=40 * mapping * (1 + day % 3),
                updated=7 * mapping,
                deleted=mapping,
                rejected=9 if mapping % 11 == 3 and day % 4 == 3 else 0,
                error="email is not valid" if mapping % 11 == 3 and day % 4 == 3 else "",
                began=synced + timedelta(seconds=mapping % 5),
            )
            told = {"sync_id": told["sync_id"], "sync_summary": told}
            rows.xcoms(run, f"sync_{mapping:02d}", told)


if __name__ == "__main__":
    write(sys.argv[1:])
