"""When each node of a run ran, small enough for an XCom."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from airflow_provider_dbtsegment.dbt_cloud.graph import Graph
from airflow_provider_dbtsegment.dbt_cloud.node_ids import node_name, node_type
from airflow_provider_dbtsegment.dbt_cloud.results import NodeResult
from airflow_provider_dbtsegment.outcomes import iso_time
from airflow_provider_dbtsegment.texts import shortened

#: A timeline shows so many nodes at most.
MOST_NODES = 5_000
#: Characters of a name.
MOST_OF_A_NAME = 60
#: More threads than that have no row of their own.
MOST_THREADS = 200
#: Seconds by which clocks may differ, and for which a run may go on.
CLOCKS = 24 * 3600.0
LONGEST_RUN = 31 * 24 * 3600.0
SKIPPED = "skipped"


class Timeline(TypedDict):
    """
    When each node ran; a node is named by its place in ``nodes``.

    ``nodes`` holds, by their beginning: name, place in ``types``, place in ``statuses``, seconds
    from ``began`` on, seconds that it took, place in ``threads`` or nothing, place in the summary's
    ``steps``. ``skipped`` holds pairs: a node that was skipped, and the failed one that it waited
    for, if that is known. ``critical_path`` is the chain of nodes, each needing the one before,
    that took longest; nothing where the dependencies are not known.
    """

    began: str | None
    threads: list[str]
    statuses: list[str]
    types: list[str]
    nodes: list[list[Any]]
    critical_path: list[int] | None
    skipped: list[list[int | None]]
    more_nodes: int


def make_timeline(
    results: Mapping[str, NodeResult],
    steps: Sequence[int],
    run_began: float | None,
    graph: Graph | None,
) -> tuple[Timeline | None, dict[str, int]]:
    """
    Return the timeline of a run, and the places of its nodes by their ids.

    :param results: How each node ended, in the order in which they did.
    :param steps: The numbers of the summary's steps.
    :param run_began: Seconds since the epoch.
    """
    if not results:
        return None, {}
    begins = _begins(results, run_began)
    # From the beginning of the run on, unless two clocks differ.
    firsts = [*begins.values(), *([] if run_began is None else [run_began])]
    began = min(firsts, default=None)
    offsets = _offsets(results, begins, began or 0.0)
    kept = _most_telling(results)
    order = sorted(kept, key=lambda node: (offsets[node], node))
    places = {node: place for place, node in enumerate(order)}
    statuses, types, threads = _Words(), _Words(), _Words()
    # Threads have rows of their own: by number, not by who came first.
    for thread in sorted({one.thread or "" for one in results.values()} - {""}, key=_by_number):
        if len(threads.words) < MOST_THREADS:
            threads.place(thread)
    step_places = {number: place for place, number in enumerate(steps)}
    nodes: list[list[Any]] = []
    for node in order:
        one = results[node]
        skipped = one.status == SKIPPED
        nodes.append(
            [
                shortened(node_name(node), MOST_OF_A_NAME),
                types.place(node_type(node)),
                statuses.place(one.status),
                round(offsets[node], 3),
                0 if skipped else round(one.took, 3),
                None if skipped else threads.words.get(one.thread or ""),
                step_places.get(one.step.number or 0),
            ]
        )
    timeline = Timeline(
        began=iso_time(began),
        threads=list(threads.words),
        statuses=list(statuses.words),
        types=list(types.words),
        nodes=nodes,
        critical_path=_critical_path(results, places, graph),
        skipped=_skipped(results, places, graph),
        more_nodes=len(results) - len(kept),
    )
    return timeline, places


def _begins(results: Mapping[str, NodeResult], run_began: float | None) -> dict[str, float]:
    """Return when nodes began, as far as that makes sense."""
    begins = {node: one.began for node, one in results.items() if one.began is not None}
    if run_began is None:
        return begins
    span = (run_began - CLOCKS, run_began + LONGEST_RUN)
    return {node: at for node, at in begins.items() if span[0] <= at <= span[1]}


def _offsets(
    results: Mapping[str, NodeResult], begins: Mapping[str, float], began: float
) -> dict[str, float]:
    """Return when each node began; what dbt tells no time of came after what ended before it."""
    offsets: dict[str, float] = {}
    now = 0.0
    for node, one in results.items():
        if node not in begins or one.status == SKIPPED:
            offsets[node] = now
        else:
            offsets[node] = begins[node] - began
            now = max(now, offsets[node] + one.took)
    return offsets


def _most_telling(results: Mapping[str, NodeResult]) -> Sequence[str]:
    """Return the nodes to show: what failed, what was skipped, and what took longest."""
    if len(results) <= MOST_NODES:
        return list(results)

    def telling(node: str) -> tuple[bool, bool, float]:
        one = results[node]
        return one.failed, one.status == SKIPPED, one.took

    return heapq.nlargest(MOST_NODES, results, key=telling)


def _critical_path(
    results: Mapping[str, NodeResult], places: Mapping[str, int], graph: Graph | None
) -> list[int] | None:
    if graph is None:
        return None
    took = {node: one.took for node, one in results.items() if one.status != SKIPPED}
    return [places[node] for node in graph.longest_path(took) if node in places]


def _skipped(
    results: Mapping[str, NodeResult], places: Mapping[str, int], graph: Graph | None
) -> list[list[int | None]]:
    skipped = [node for node, one in results.items() if one.status == SKIPPED]
    if not skipped:
        return []
    failed = {node for node, one in results.items() if one.failed}
    ran = results.keys() - set(skipped)
    blamed = {} if graph is None else graph.blamed(skipped, failed, ran)
    return [
        [places[node], places.get(blamed[node]) if node in blamed else None]
        for node in skipped
        if node in places
    ]


def _by_number(thread: str) -> tuple[int, str]:
    return len(thread), thread


class _Words:
    """Few texts that many nodes share, each with its place."""

    def __init__(self) -> None:
        self.words: dict[str, int] = {}

    def place(self, word: str) -> int:
        return self.words.setdefault(word, len(self.words))
