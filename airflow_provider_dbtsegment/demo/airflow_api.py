"""Airflow's own REST API, as far as watching one DAG run needs it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

import requests

TIMEOUT = (5, 30)
# of a structured log line: what every line repeats, and what is written out in another way
NOT_SHOWN = {
    *("event", "timestamp", "level", "logger", "loc", "filename", "lineno", "error_detail", "ti"),
    *("dag_id", "run_id", "task_id", "ti_id", "try_number", "map_index"),
}


class Health(NamedTuple):
    """Whether a part of Airflow calls itself healthy, and when it last gave a sign of life."""

    healthy: bool
    heartbeat: str | None


class AirflowApi:
    """
    The REST API of Airflow 3.

    Every method raises :class:`requests.RequestException` when the server does not answer or
    refuses, and leaves it to the caller whether to ask again.
    """

    prefix = "/api/v2"
    health_path = "/api/v2/monitor/health"

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url.rstrip("/")
        self.user = user
        self.password = password
        self.session = requests.Session()
        # a proxy of this machine's environment has no business with the loopback interface
        self.session.trust_env = False

    def log_in(self) -> None:
        """Get a token, which the following requests carry."""
        answer = self.session.post(
            f"{self.url}/auth/token",
            json={"username": self.user, "password": self.password},
            timeout=TIMEOUT,
        )
        answer.raise_for_status()
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request below the API's prefix, logging in first where that is needed."""
        if "Authorization" not in self.session.headers:
            self.log_in()
        url = f"{self.url}{self.prefix}{path}"
        answer = self.session.request(method, url, timeout=TIMEOUT, **options)
        if answer.status_code == requests.codes.unauthorized:
            self.log_in()
            answer = self.session.request(method, url, timeout=TIMEOUT, **options)
        answer.raise_for_status()
        return answer

    def get(self, path: str, **params: Any) -> Any:
        """Return the JSON answer to a GET request."""
        return self.request("GET", path, params=params).json()

    def health(self) -> dict[str, Health]:
        """Return the health of each part (metadatabase, scheduler, triggerer, dag_processor)."""
        answer = self.session.get(f"{self.url}{self.health_path}", timeout=TIMEOUT)
        answer.raise_for_status()
        return {
            part: Health(told.get("status") == "healthy", told.get(f"latest_{part}_heartbeat"))
            for part, told in answer.json().items()
            if told
        }

    def dag(self, dag_id: str) -> dict[str, Any] | None:
        """Return a DAG, or None while Airflow does not know it."""
        try:
            answer: dict[str, Any] = self.get(f"/dags/{quote(dag_id, safe='')}")
        except requests.HTTPError as error:
            if error.response.status_code == requests.codes.not_found:
                return None
            raise
        return answer

    def import_errors(self) -> list[str]:
        """Return the stack traces of DAG files that could not be imported."""
        return [error["stack_trace"] for error in self.get("/importErrors")["import_errors"]]

    def trigger(
        self, dag_id: str, conf: dict[str, Any] | None = None, run_id: str | None = None
    ) -> str:
        """Start a run of a DAG and return its run id."""
        body = {"conf": conf or {}, **self.trigger_defaults()}
        if run_id:
            body["dag_run_id"] = run_id
        answer = self.request("POST", f"/dags/{quote(dag_id, safe='')}/dagRuns", json=body)
        return str(answer.json()["dag_run_id"])

    def trigger_defaults(self) -> dict[str, Any]:
        """Return what a request for a run has to hold."""
        return {"logical_date": None}

    def dag_run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return a DAG run."""
        answer: dict[str, Any] = self.get(run_path(dag_id, run_id))
        return answer

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return the state of a DAG run."""
        return str(self.dag_run(dag_id, run_id)["state"])

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a run."""
        answer: list[dict[str, Any]] = self.get(
            f"{run_path(dag_id, run_id)}/taskInstances", limit=100
        )["task_instances"]
        return answer

    def task_instance(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        """Return a task instance that is not mapped."""
        path = f"{run_path(dag_id, run_id)}/taskInstances/{quote(task_id, safe='')}"
        answer: dict[str, Any] = self.get(path)
        return answer

    def links(
        self, dag_id: str, run_id: str, task_id: str, *, map_index: int = -1
    ) -> dict[str, str]:
        """Return the links of a task that lead somewhere, by their names."""
        path = f"{run_path(dag_id, run_id)}/taskInstances/{quote(task_id, safe='')}/links"
        found = self.get(path, map_index=map_index)["extra_links"]
        return {name: link for name, link in found.items() if link}

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """Return an XCom's value, or None when there is no such XCom."""
        path = f"{run_path(dag_id, run_id)}/taskInstances/{quote(task_id, safe='')}/xcomEntries"
        try:
            return self.get(f"{path}/{quote(key, safe='')}", stringify="false")["value"]
        except requests.HTTPError as error:
            if error.response.status_code == requests.codes.not_found:
                return None
            raise

    def task_log(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1) -> str:
        """Return the log of one try of a task, a line for each event."""
        path = f"{run_path(dag_id, run_id)}/taskInstances/{quote(task_id, safe='')}/logs"
        answer = self.request(
            "GET",
            f"{path}/{try_number}",
            params={"full_content": "true"},
            headers={"Accept": self.log_format},
        )
        return self.log_text(answer)

    log_format = "application/json"

    def log_text(self, answer: requests.Response) -> str:
        """Turn the answer to a request for a log into plain text."""
        return "\n".join(log_line(entry) for entry in answer.json()["content"])


class AirflowApiV1(AirflowApi):
    """The REST API of Airflow 2."""

    prefix = "/api/v1"
    health_path = "/api/v1/health"
    log_format = "text/plain"

    def log_in(self) -> None:
        """Send the password with the following requests; there are no tokens."""
        self.session.auth = (self.user, self.password)
        self.session.headers["Authorization"] = ""

    def trigger_defaults(self) -> dict[str, Any]:
        return {}

    def log_text(self, answer: requests.Response) -> str:
        return answer.text


def moment(text: str) -> datetime:
    """Return a point in time as the API writes it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def run_path(dag_id: str, run_id: str) -> str:
    """Return the path of a DAG run."""
    return f"/dags/{quote(dag_id, safe='')}/dagRuns/{quote(run_id, safe='')}"


def log_line(entry: Any) -> str:
    """Return one event of a structured log as a line of text, errors with their messages."""
    if not isinstance(entry, dict):
        return str(entry)
    words = [str(entry.get("timestamp") or ""), str(entry.get("level") or "").upper()]
    words.append(str(entry.get("event")))
    words += [f"{name}={entry[name]}" for name in sorted(entry.keys() - NOT_SHOWN)]
    # as in a stack trace: the error that was raised comes last, on a line of its own
    errors = reversed(entry.get("error_detail") or [])
    lines = [f"{error.get('exc_type')}: {error.get('exc_value')}" for error in errors]
    return "\n".join([" ".join(word for word in words if word), *lines])
