"""The longest chain of a graph, and who is to blame, against a search of all there is."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_dbtsegment.dbt_cloud.graph import Graph

LONG = 50_000


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, list[str]], dict[str, float]]:
    """What each of a few nodes needs, all of it before it, and how long those took that ran."""
    count = draw(st.integers(1, 9))
    needs = {
        str(node): [str(other) for other in range(node) if draw(st.booleans())]
        for node in range(count)
    }
    ran = [node for node in needs if draw(st.integers(0, 4))]
    return needs, {node: float(draw(st.integers(0, 5))) for node in ran}


@settings(max_examples=500, derandomize=True, database=None, deadline=None)
@given(graphs())
def test_no_chain_takes_longer_than_the_longest(
    drawn: tuple[dict[str, list[str]], dict[str, float]],
) -> None:
    needs, took = drawn

    @cache
    def longest(node: str) -> float:
        return took.get(node, 0.0) + max(map(longest, needs[node]), default=0.0)

    @cache
    def leads_to(node: str) -> set[str]:
        return {node}.union(*map(leads_to, needs[node]))

    path = Graph(needs).longest_path(took)
    assert all(first in leads_to(second) for first, second in pairwise(path))
    assert sum(took[node] for node in path) == max(map(longest, took), default=0.0)


@settings(max_examples=500, derandomize=True, database=None, deadline=None)
@given(graphs(), st.randoms(use_true_random=False))
def test_who_is_blamed_failed_and_stood_in_the_way(
    drawn: tuple[dict[str, list[str]], dict[str, float]], chance: object
) -> None:
    needs, took = drawn
    # The quick ones failed; whoever needs one of them is skipped, and so on.
    failed = {node for node, seconds in took.items() if seconds < 1}
    skipped: list[str] = []
    for node in needs:
        blocked = failed | set(skipped)
        if node not in failed and blocked & _near(needs, took, node, blocked):
            skipped.append(node)
    ran = took.keys() - set(skipped)
    blamed = Graph(needs).blamed([node for node in skipped if node in took], failed, ran)
    for node in skipped:
        if node in took:
            assert blamed[node] in failed


def _near(
    needs: dict[str, list[str]], took: dict[str, float], node: str, blocked: set[str]
) -> set[str]:
    """Return what a node needs, through what does not run at all."""
    found: set[str] = set()
    for need in needs[node]:
        found.add(need)
        if need not in took and need not in blocked:
            found |= _near(needs, took, need, blocked)
    return found


def test_a_chain_may_be_longer_than_pythons_stack() -> None:
    needs = {str(node): [str(node - 1)] for node in range(1, LONG)}
    took = {str(node): 1.0 for node in range(LONG)}
    assert len(Graph(needs).longest_path(took)) == LONG


def test_a_circle_ends() -> None:
    graph = Graph({"a": ["b"], "b": ["c"], "c": ["a", "c"]})
    assert set(graph.longest_path({"a": 1.0, "b": 1.0, "c": 1.0})) <= {"a", "b", "c"}
    assert graph.blamed(["a", "b"], {"c"}, {"c"}) == {"a": "c", "b": "c"}
