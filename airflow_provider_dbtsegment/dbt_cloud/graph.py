"""What waits for what in a project: why a run took so long, and why nodes were skipped."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping


class Graph:
    """
    What each node needs before it can run, by the nodes' ids.

    Documents of others may go round in circles: what closes one is passed over.
    """

    def __init__(self, needs: Mapping[str, Collection[str]]) -> None:
        self._needs = needs

    @property
    def size(self) -> int:
        """How many nodes and edges it holds."""
        return len(self._needs) + sum(len(needs) for needs in self._needs.values())

    def longest_path(self, took: Mapping[str, float]) -> list[str]:
        """
        Return the chain of nodes, each needing the one before, that takes longest in all.

        No number of threads makes the run shorter than that. What did not run, such as an ephemeral
        model, takes no time, and what needs it needs what it needs.

        :param took: Seconds, by the nodes that ran.
        """
        whole: dict[str, float] = {}
        before: dict[str, str | None] = {}
        for node in self._in_order(took):
            first, longest = None, 0.0
            for need in self._needs.get(node, ()):
                if whole.get(need, -1.0) > longest or (first is None and need in whole):
                    first, longest = need, whole[need]
            before[node], whole[node] = first, longest + took.get(node, 0.0)
        path = []
        last = max(took, key=whole.__getitem__, default=None)
        while last is not None:
            if last in took:
                path.append(last)
            last = before[last]
        return path[::-1]

    def blamed(
        self, skipped: Collection[str], failed: Collection[str], ran: Collection[str]
    ) -> dict[str, str]:
        """
        Return what kept nodes from running, by those that were skipped, as far as that is known.

        :param failed: What can be blamed.
        :param ran: What needs not be asked any further.
        """
        blame: dict[str, str] = {}
        for node in self._in_order(skipped):
            for need in self._needs.get(node, ()):
                if need in failed:
                    blame[node] = need
                    break
                if need not in ran and need in blame:
                    blame.setdefault(node, blame[need])
        return {node: blame[node] for node in skipped if node in blame}

    def _in_order(self, nodes: Iterable[str]) -> list[str]:
        """Return nodes and all that they need, what is needed first."""
        seen: set[str] = set()
        order: list[str] = []
        for root in nodes:
            if root in seen:
                continue
            seen.add(root)
            # Without recursion: chains may be longer than Python's stack.
            stack = [(root, iter(self._needs.get(root, ())))]
            while stack:
                node, rest = stack[-1]
                for need in rest:
                    if need not in seen:
                        seen.add(need)
                        stack.append((need, iter(self._needs.get(need, ()))))
                        break
                else:
                    stack.pop()
                    order.append(node)
        return order
