"""The graph of a project, from what dbt leaves behind in a run."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import IO, TYPE_CHECKING

from airflow_provider_dbtsegment.dbt_cloud.documents import UNREADABLE, entries
from airflow_provider_dbtsegment.dbt_cloud.graph import Graph
from airflow_provider_dbtsegment.exceptions import NotFoundError, RequestError

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi
    from airflow_provider_dbtsegment.dbt_cloud.results import Step

#: Seconds for all of it; without an answer by then, the graph is not known.
PATIENCE = 5.0
#: Bytes of a document.
MOST_BYTES = 256 * 1024 * 1024
#: Nodes and edges.
MOST = 200_000

_BUILDS = re.compile(r"\bdbt\b.*?\s(build|retry)\b")

Needs = dict[str, list[str]]


def read_graph(api: DbtCloudApi, step: Step) -> Graph | None:
    """
    Return what waited for what in a step, or `None` if that cannot be found out soon.

    dbt leaves a small summary of it. Where there is none, the manifest is read, which may be large.
    """
    builds = _BUILDS.search(step.name) is not None
    until = time.monotonic() + PATIENCE
    # Of a build, that also says that models wait for the tests of what they read.
    ways: list[tuple[str, Callable[[IO[bytes]], Needs]]] = [
        ("graph_summary.json", lambda file: _of_summary(file, "linked")),
        ("manifest.json", lambda file: _of_manifest(file, builds=builds)),
    ]
    if builds:
        ways.insert(0, ("graph_summary.json", lambda file: _of_summary(file, "with_test_edges")))
    missing = ""
    for path, read in ways:
        if path == missing:
            continue
        try:
            needs = _read(api, step, path, read, until)
        except NotFoundError:
            missing = path
            continue
        except (RequestError, *UNREADABLE):
            return None
        if needs:
            return Graph(needs)
    return None


def _read(
    api: DbtCloudApi, step: Step, path: str, read: Callable[[IO[bytes]], Needs], until: float
) -> Needs:
    def within(file: IO[bytes]) -> Needs:
        limited: IO[bytes] = _Limited(file, until)  # type: ignore[assignment]
        return read(limited)

    return api.read_run_artifact(
        step.run_id,
        path,
        within,
        step=step.number,
        patience=max(0.1, until - time.monotonic()),
        account_id=step.account_id,
    )


def _of_summary(file: IO[bytes], section: str) -> Needs:
    names: dict[str, str] = {}
    follow: list[tuple[str, list[str]]] = []
    for number, entry in entries(file, section, ("name",), {"succ": ("succ",)}):
        names[number] = str(entry.get("name"))
        followers = entry.get("succ")
        if isinstance(followers, list):
            follow.append((number, [str(value) for _, value in followers]))
    needs: Needs = {name: [] for name in names.values()}
    for number, followers in follow:
        for follower in followers:
            if follower in names:
                needs[names[follower]].append(names[number])
    return needs


def _of_manifest(file: IO[bytes], *, builds: bool) -> Needs:
    needs: Needs = {}
    for node, entry in entries(file, "nodes", (), {"depends_on": ("nodes",)}):
        listed = entry.get("depends_on")
        values = listed if isinstance(listed, list) else []
        needs[node] = [value for _, value in values if isinstance(value, str)]
    if builds:
        _let_models_wait_for_tests(needs)
    return needs


def _let_models_wait_for_tests(needs: Needs) -> None:
    """Let what reads all that a test tests wait for the test, as `dbt build` does."""
    readers: dict[str, set[str]] = {}
    for node, sources in needs.items():
        if not _is_test(node):
            for source in sources:
                readers.setdefault(source, set()).add(node)
    room = MOST
    for node in [node for node in needs if _is_test(node)]:
        tested = [readers.get(source, set()) for source in needs[node]]
        waiting = set.intersection(*tested) - set(needs[node]) if tested else set()
        room -= len(waiting)
        if room < 0:
            return
        for reader in waiting:
            needs[reader].append(node)


def _is_test(node: str) -> bool:
    return node.startswith(("test.", "unit_test."))


class _Limited:
    """A file that is given up when it takes too long or is too large."""

    def __init__(self, file: IO[bytes], until: float) -> None:
        self._file = file
        self._until = until
        self._left = MOST_BYTES

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._left -= len(piece)
        if self._left < 0 or time.monotonic() > self._until:
            raise ValueError("it is too large to be read on the way")
        return piece
