"""How each node of a step ended, and where it is defined."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Collection
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeVar

from airflow_provider_dbtsegment.dbt_cloud.documents import UNREADABLE, entries
from airflow_provider_dbtsegment.exceptions import AnswerLostError, RequestError

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi

T = TypeVar("T")

#: The statuses of nodes that make a run fail.
FAILED_STATUSES = frozenset({"error", "fail", "runtime error"})
#: So many characters of a message are kept, of as many as are looked at.
MAX_MESSAGE = 500
_LOOKED_AT = 64 * 1024
#: Seconds for the search of where nodes are defined, which only adds to what is known.
PATIENCE = 10.0

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Step(NamedTuple):
    """A step of a run."""

    run_id: int
    number: int
    name: str
    account_id: int | None


class NodeResult(NamedTuple):
    """How a node ended; the message is kept where it failed."""

    status: str
    message: str
    step: Step

    @property
    def failed(self) -> bool:
        """Whether this makes the run fail."""
        return self.status in FAILED_STATUSES


def read_results(api: DbtCloudApi, step: Step) -> dict[str, NodeResult]:
    """
    Return what a step did, by the ids of its nodes.

    :raises RequestError: When it cannot be read.
    """

    def read(file: IO[bytes]) -> dict[str, NodeResult] | str:
        wanted = ("unique_id", "status", "message")
        try:
            return {
                str(entry.get("unique_id")): _result(entry, step)
                for _, entry in entries(file, "results", wanted)
            }
        except UNREADABLE as error:
            return str(error)

    found = _read(api, step, "run_results.json", read)
    if isinstance(found, str):
        where = f"run_results.json of step {step.number} of run {step.run_id}"
        reason = " ".join(found.split())[:MAX_MESSAGE]
        raise AnswerLostError(f"no JSON: {reason}", method="GET", url=where)
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
                    files[node] = str(entry.get("original_file_path") or "")
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
    status = sys.intern(str(entry.get("status")))
    failed = status in FAILED_STATUSES
    return NodeResult(status, _plain(entry.get("message")) if failed else "", step)


def _plain(message: Any) -> str:
    """Return a message on one line, without colours and lines of carets."""
    words = without_colours(str(message or "no message")[:_LOOKED_AT]).split()
    text = " ".join(word for word in words if word.strip("^"))
    return text if len(text) <= MAX_MESSAGE else text[:MAX_MESSAGE] + "…"


def without_colours(text: str) -> str:
    """Return a text without what makes a terminal show it in colours."""
    return _ANSI.sub("", text)
