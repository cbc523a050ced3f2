"""The ways that the demo can go."""

from __future__ import annotations

from dataclasses import dataclass

DAG_ID = "dbt_to_segment"
BUILD = "build_models"
SYNCS = {"sync_customers": "customers_to_crm", "sync_subscriptions": "subscriptions_to_support"}
"""The sync tasks, each with the mapping that it syncs."""
TASKS = [BUILD, "refresh_segment_models", *SYNCS]


@dataclass(frozen=True)
class Scenario:
    """
    A way to run the DAG and what has to come of it.

    :param failed: the tasks that have to fail; the DAG run then has to fail, too.
    :param reason: patterns that each failed task's last error has to match.
    """

    name: str
    job_id: int
    story: str
    failed: frozenset[str] = frozenset()
    not_run: frozenset[str] = frozenset()
    reason: tuple[str, ...] = ()

    @property
    def conf(self) -> dict[str, int]:
        """The configuration of the DAG run."""
        return {"job_id": self.job_id}

    def task_state(self, task_id: str) -> str:
        """Return the state in which a task has to end."""
        if task_id in self.failed:
            return "failed"
        return "upstream_failed" if task_id in self.not_run else "success"

    @property
    def run_state(self) -> str:
        """The state in which the DAG run has to end."""
        return "failed" if self.failed else "success"


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("happy", 1000, "Everything works."),
        Scenario(
            "broken-model",
            1001,
            "A dbt model is broken: nothing may be synced.",
            failed=frozenset({BUILD}),
            not_run=frozenset(TASKS) - {BUILD},
            reason=(r"\bcustomers\b",),
        ),
        Scenario(
            "bad-rows",
            1002,
            "The destinations reject some rows: the syncs may not pass for complete.",
            failed=frozenset(SYNCS),
            reason=(r"partial_success|max_rejected_rows",),
        ),
    )
}
