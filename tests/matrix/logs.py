"""What a user reads in the logs of a real Airflow and should not have to."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from airflow_provider_dbtsegment.demo.local_airflow import LocalAirflow

PACKAGE = "airflow_provider_dbtsegment"
#: What Airflow warns of in the log of any task that asks for a connection.
AIRFLOWS_OWN = (
    # 2.11 and 3.1: of each connection whose type has an underscore, as most types have.
    "Connection schemes (type: ",
    # 3.0: of each hook.
    "Using Connection.get_connection_from_secrets from `airflow.models` is deprecated",
    # 3.1: of each connection that stands in the environment as JSON.
    "Using Connection.from_json from `airflow.models` is deprecated",
)
ALARMING = ("warning", "error", "critical")
#: The ways in which a line of text is a warning or worse, those of Python's own warnings included.
_ALARM = re.compile(
    r" (?:WARNING|ERROR|CRITICAL) - |\[(?:warning|error|critical) *\]|\w*Warning: |"
    rf"Traceback \(most recent|File \"[^\"]*{PACKAGE}/|^task: <Task .*{PACKAGE}",
    re.IGNORECASE,
)


def complaints(airflow: LocalAirflow) -> Iterator[str]:
    """
    Yield what should not be in the logs of an Airflow, each with how often it is there.

    That is every warning or error in the log of a task, except what Airflow says of any task; and
    whatever names this package in the logs of Airflow's own parts.
    """
    found: Counter[str] = Counter()
    own = airflow.home / "logs"
    for path in sorted(own.rglob("*.log")):
        of_task = path.relative_to(own).parts[0].startswith("dag_id=")
        found.update(alarms(_lines(path), of_task=of_task))
    for path in sorted((airflow.folder / "logs").glob("*.log")):
        found.update(alarms(_lines(path), of_task=False))
    for text, count in found.items():
        yield f"{text} ({count} times)" if count > 1 else text


def alarms(lines: Iterable[str], *, of_task: bool) -> Iterator[str]:
    """Yield the lines of a log that are warnings or worse, without their times."""
    for line in lines:
        text = _alarm(line)
        if text is None or any(own in text for own in AIRFLOWS_OWN):
            continue
        if of_task or PACKAGE in line:
            yield text


def _alarm(line: str) -> str | None:
    """Return what a line says if it is a warning or worse."""
    try:
        told = json.loads(line)
    except ValueError:
        told = None
    if isinstance(told, dict):
        return str(told.get("event")) if told.get("level") in ALARMING else None
    return re.sub(r"^\[?\d{4}-\d\d-\d\dT\S+ ", "", line) if _ALARM.search(line) else None


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines()
