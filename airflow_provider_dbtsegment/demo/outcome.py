"""What a run of the demo's DAG has brought, as its own task instances tell it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .airflow_api import moment
from .local_airflow import LocalAirflow
from .scenarios import BUILD, DAG_ID, SYNCS

# a log line begins with its time: 2026-01-31T… on Airflow 3, [2026-01-31T… on Airflow 2
LOG_ENTRY = re.compile(r"^(?=\[?\d{4}-\d\d-\d\dT)", re.MULTILINE)
# a line that begins with the name of an exception's class, in full or not
EXCEPTION = re.compile(r"^(?:\w+\.)*(\w*(?:Error|Exception|Failed|Timeout)\w*): ", re.MULTILINE)
TRIGGER_FIRED = re.compile(r"Trigger fired event|Trigger .* fired: ")


@dataclass
class TaskOutcome:
    """The end of one task instance."""

    task_id: str
    state: str
    seconds: float
    through_triggerer: bool
    reason: str = ""
    """The last error in its log, for a task that has failed."""


@dataclass
class Outcome:
    """The end of a DAG run."""

    state: str
    tasks: dict[str, TaskOutcome]
    dbt: dict[str, Any]
    syncs: list[dict[str, Any]] = field(default_factory=list)


def read_outcome(airflow: LocalAirflow, run_id: str, dag_id: str = DAG_ID) -> Outcome:
    """Gather task instances, logs and XComs of a finished run."""
    tasks = {}
    for instance in airflow.api.task_instances(dag_id, run_id):
        outcome = read_task(airflow, run_id, instance)
        tasks[outcome.task_id] = outcome
    dbt = airflow.api.xcom(dag_id, run_id, BUILD, "run_summary") or {}
    dbt.setdefault("run_id", airflow.api.xcom(dag_id, run_id, BUILD, "run_id"))
    syncs = []
    for task_id in SYNCS:
        summary = airflow.api.xcom(dag_id, run_id, task_id, "sync_summary") or {}
        sync_id = summary.get("sync_id") or airflow.api.xcom(dag_id, run_id, task_id, "sync_id")
        if sync_id:
            syncs.append({**summary, "sync_id": sync_id, "task_id": task_id})
    return Outcome(airflow.api.run_state(dag_id, run_id), tasks, dbt, syncs)


def read_task(airflow: LocalAirflow, run_id: str, instance: dict[str, Any]) -> TaskOutcome:
    """Describe one task instance by what Airflow's API and its log say."""
    task_id, state = instance["task_id"], str(instance["state"])
    tries = int(instance["try_number"] or 0)
    log = airflow.api.task_log(instance["dag_id"], run_id, task_id, tries) if tries else ""
    return TaskOutcome(
        task_id,
        state,
        seconds=seconds_between(instance.get("start_date"), instance.get("end_date")),
        through_triggerer=bool(TRIGGER_FIRED.search(log)),
        reason=last_error(log) if state == "failed" else "",
    )


def last_error(log: str) -> str:
    """Return the message of the last error in a task's log, without class name and stack trace."""
    errors = [entry for entry in LOG_ENTRY.split(log) if " ERROR " in entry]
    if not errors:
        return ""
    entry = errors[-1]
    raised = [*EXCEPTION.finditer(entry)]
    return entry[raised[-1].end() if raised else 0 :].strip()


def seconds_between(start: str | None, end: str | None) -> float:
    """Return the seconds between two times of Airflow's API; 0 when one is missing."""
    if not start or not end:
        return 0.0
    return (moment(end) - moment(start)).total_seconds()
