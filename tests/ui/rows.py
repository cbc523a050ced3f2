"""Write DAGs, runs, tasks and XComs straight into Airflow's database, as they would be there."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.ui import summaries

BUNDLE = "bundle-of-the-tests"


@dataclass(frozen=True)
class Run:
    """A DAG run that was written."""

    dag_id: str
    run_id: str
    number: int
    due: datetime


def new_id() -> Any:
    """Return an id for a task instance; up to Airflow 3.1 that is a text."""
    from airflow.models.taskinstance import TaskInstance

    made: Any = TaskInstance.__table__.c.id.type.python_type
    return made(str(uuid.uuid4()))


class Rows:
    """What tests write into the database."""

    def dag(self, dag_id: str, *, paused: bool = False, stale: bool = False) -> str:
        """
        Write a DAG.

        :param stale: Its file is gone.
        """
        from airflow.models.dag import DagModel
        from airflow.models.dagbundle import DagBundleModel

        with self.session() as session:
            if session.get(DagBundleModel, BUNDLE) is None:
                session.add(DagBundleModel(name=BUNDLE))
                session.flush()
            dag = DagModel(
                dag_id=dag_id,
                bundle_name=BUNDLE,
                is_paused=paused,
                is_stale=stale,
                fileloc="/dags/x.py",
                max_active_tasks=16,
                max_consecutive_failed_dag_runs=0,
                has_task_concurrency_limits=False,
                timetable_summary="None",
            )
            session.add(dag)
        return dag_id

    def run(
        self,
        dag_id: str,
        run_id: str = "manual__1",
        *,
        state: str = "success",
        due: datetime = summaries.BEGAN,
        took: float | None = 1500.0,
    ) -> Run:
        """
        Write a DAG run.

        :param took: Seconds; `None` while it goes on.
        """
        from airflow.models.dagrun import DagRun
        from sqlalchemy import insert, select

        table = DagRun.__table__
        with self.session() as session:
            session.execute(
                insert(table).values(
                    dag_id=dag_id,
                    run_id=run_id,
                    state=state,
                    run_type="manual",
                    run_after=due,
                    start_date=due,
                    end_date=None if took is None else due + timedelta(seconds=took),
                    clear_number=0,
                )
            )
            query = select(DagRun.id).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
            number = session.scalar(query)
        assert number is not None
        return Run(dag_id, run_id, number, due)

    def task(
        self,
        run: Run,
        task_id: str,
        *,
        operator: str = "TriggerDbtJobOperator",
        state: str | None = "success",
        map_index: int = -1,
        began: datetime | None = None,
        took: float | None = 600.0,
        xcoms: dict[str, Any] | None = None,
    ) -> None:
        """Write a task instance and what it has left."""
        from airflow.models.taskinstance import TaskInstance
        from sqlalchemy import insert

        start = began or run.due
        with self.session() as session:
            session.execute(
                insert(TaskInstance.__table__).values(
                    id=new_id(),
                    dag_id=run.dag_id,
                    run_id=run.run_id,
                    task_id=task_id,
                    map_index=map_index,
                    operator=operator,
                    state=state,
                    start_date=start if state else None,
                    end_date=None if took is None or not state else start + timedelta(seconds=took),
                    try_number=1,
                    max_tries=0,
                    pool="default_pool",
                    pool_slots=1,
                    executor_config={},
                )
            )
        self.xcoms(run, task_id, xcoms or {}, map_index=map_index)

    def xcoms(self, run: Run, task_id: str, values: dict[str, Any], *, map_index: int = -1) -> None:
        """Write XComs of a task that is there."""
        from airflow.models.xcom import XComModel
        from sqlalchemy import insert

        about = {"dag_id": run.dag_id, "run_id": run.run_id, "dag_run_id": run.number}
        about |= {"task_id": task_id, "map_index": map_index}
        with self.session() as session:
            for key, value in values.items():
                stored = datetime.now(timezone.utc)
                session.execute(
                    insert(XComModel.__table__).values(
                        **about, key=key, value=value, timestamp=stored
                    )
                )

    def sync(self, run: Run, summary: dict[str, Any], **about: Any) -> None:
        """Write a task that synced."""
        began = datetime.fromisoformat(summary["started_at"])
        self.task(
            run,
            about.pop("task_id", f"sync_{summary['subscription_id']}"),
            operator="CreateReverseETLManualSyncOperator",
            began=began,
            took=100.0,
            xcoms={"sync_id": summary["sync_id"], "sync_summary": summary},
            **about,
        )

    def version(self, dag: Any) -> None:
        """Write what Airflow keeps of a DAG that it has read from its file."""
        from airflow.models.serialized_dag import SerializedDagModel
        from airflow.serialization.serialized_objects import LazyDeserializedDAG

        with self.session() as session:
            kept = LazyDeserializedDAG.from_dag(dag)
            SerializedDagModel.write_dag(kept, bundle_name=BUNDLE, session=session)

    @contextmanager
    def session(self) -> Iterator[Any]:
        """Open a session of Airflow's database."""
        from airflow.utils.session import create_session

        with create_session(scoped=False) as session:
            yield session
