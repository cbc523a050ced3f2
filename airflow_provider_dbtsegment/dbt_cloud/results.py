"""How each node of a step ended, when it ran, and where it is defined."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeVar

from airflow_provider_dbtsegment.dbt_cloud.documents import UNREADABLE, entries
from airflow_provider_dbtsegment.dbt_cloud.step_logs import without_colors
from airflow_provider_dbtsegment.exceptions import AnswerLostError, RequestError
from airflow_provider_dbtsegment.outcomes import node_status, seconds_of
from airflow_provider_dbtsegment.texts import harmless, word

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi

T = TypeVar("T")

#: So many characters of a message are kept, of as many as are looked at.
MAX_MESSAGE = 500
_LOOKED_AT = 64 * 1024
#: Seconds for the search of where nodes are defined, which only adds to what is known.
PATIENCE = 10.0
#: Characters that are looked at for a status or the name of a thread, and for a time.
_WORD_LOOKED_AT = 100
_TIME_LOOKED_AT = 40
MOST_OF_A_PATH = 300
#: No node takes so many seconds.
_AGES = 1e8

#: What is kept of how long the phases of a node took.
TIMING = {"timing": ("started_at", "completed_at")}


class UnreadableArtifactError(AnswerLostError):
    """An artifact came as a whole and is no JSON; to ask for it again would change nothing."""


class Step(NamedTuple):
    """
    A step of a run.

    :ivar number: dbt Cloud's number; `None` for a run that dbt Cloud shows no steps of.
    """

    run_id: int
    number: int | None
    name: str
    account_id: int | None

    def __str__(self) -> str:
        return "the run" if self.number is None else f"step {self.number}, {self.name}"


class NodeResult(NamedTuple):
    """
    How a node ended; the message is kept where it failed.

    :ivar began: Seconds since the epoch, if it ran and dbt told.
    :ivar took: Seconds.
    :ivar thread: Who ran it.
    """

    status: str
    message: str
    step: Step
    began: float | None
    took: float
    thread: str | None

    @property
    def failed(self) -> bool:
        """Whether this makes the run fail."""
        return node_status(self.status).is_failure


def read_results(api: DbtCloudApi, step: Step) -> dict[str, NodeResult]:
    """
    Return what a step did, by the ids of its nodes.

    :raises RequestError: When it cannot be read.
    """

    def read(file: IO[bytes]) -> dict[str, NodeResult] | str:
        wanted = ("unique_id", "status", "message", "execution_time", "thread_id")
        try:
            return {
                str(entry.get("unique_id")): _result(entry, step)
                for _, entry in entries(file, "results", wanted, TIMING)
            }
        except UNREADABLE as error:
            return str(error)

    found = _read(api, step, "run_results.json", read)
    if isinstance(found, str):
        of_step = "" if step.number is None else f"step {step.number} of "
        where = f"run_results.json of {of_step}run {step.run_id}"
        reason = " ".join(found.split())[:MAX_MESSAGE]
        raise UnreadableArtifactError(f"no JSON: {reason}", method="GET", url=where)
    return found


def find_files(api: DbtCloudApi, step: Step, nodes: Collection[str]) -> dict[str, str]:
    """
    Return in which files of the project nodes are defined, as far as that can be found out soon.

    The manifest is read up to the last of them.
    """

    def read(file: IO[bytes]) -> dict[str, str]:
        files: dict[str, str] = {}
        until = time.monotonic() + PATIENCE
        try:
            for node, entry in entries(file, "nodes", ("original_file_path",)):
                if node in nodes:
                    files[node] = harmless(entry.get("original_file_path") or "", MOST_OF_A_PATH)
                if len(files) == len(nodes) or time.monotonic() > until:
                    break
        except (RequestError, *UNREADABLE):
            pass
        return files

    try:
        return _read(api, step, "manifest.json", read)
    except RequestError:
        return {}


def _read(api: DbtCloudApi, step: Step, path: str, read: Callable[[IO[bytes]], T]) -> T:
    run_id, number, _, account_id = step
    return api.read_run_artifact(run_id, path, read, step=number, account_id=account_id)


def _result(entry: dict[str, Any], step: Step) -> NodeResult:
    # Few texts, many nodes.
    known = node_status(word(str(entry.get("status"))[:_WORD_LOOKED_AT]))
    status = known.word
    message = _plain(entry.get("message")) if known.is_failure else ""
    began, ended = _times(entry.get("timing"))
    took = _seconds(entry.get("execution_time"))
    if took is None:
        took = 0.0 if began is None or ended is None else min(max(0.0, ended - began), _AGES)
    thread = entry.get("thread_id")
    if not isinstance(thread, str) or not thread:
        return NodeResult(status, message, step, began, took, None)
    # "Thread-1 (worker)"
    short = word(thread[:_WORD_LOOKED_AT].split(" (", 1)[0])
    return NodeResult(status, message, step, began, took, short)


def _times(timing: Any) -> tuple[float | None, float | None]:
    """Return when the first phase of a node began and the last one ended."""
    began = ended = None
    for key, value in timing if isinstance(timing, list) else ():
        if key == "completed_at":
            ended = value
        elif began is None:
            began = value
    return _moment(began), _moment(ended)


def _moment(text: Any) -> float | None:
    return seconds_of(text) if isinstance(text, str) and len(text) <= _TIME_LOOKED_AT else None


def _seconds(given: Any) -> float | None:
    """Return a length of time, if it is one."""
    try:
        seconds = float(given)
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and 0 <= seconds <= _AGES else None


def _plain(message: Any) -> str:
    """Return a message on one line, without colours and lines of carets."""
    words = without_colors(str(message or "no message")[:_LOOKED_AT]).split()
    text = harmless(" ".join(word for word in words if word.strip("^")))
    return text if len(text) <= MAX_MESSAGE else text[:MAX_MESSAGE] + "…"
