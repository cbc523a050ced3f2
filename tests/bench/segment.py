"""Many syncs are waited for with few reads a minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.bench.crowd.members import IN_TURN, OURS
from tests.bench.crowd.result import Result
from tests.bench.crowd.sync_plan import SyncPlan
from tests.bench.figures import Figure, Target
from tests.bench.service import running_service
from tests.bench.settings import Settings

PART = "segment"
PLANS = tuple(SyncPlan(OURS, syncs) for syncs in (100, 500, 1_000))
QUICK = (SyncPlan(OURS, 150, shortest=30, longest=90, begins=10, interval=2, tail=90),)
#: Seconds after which the process should know what the service takes.
LEARNT = 60.0

MEASURES: tuple[tuple[str, str, Callable[[Result], float | None], Target | None], ...] = (
    ("end seen late, mean", "s", lambda result: result.mean_lateness, Target(ratio=2)),
    ("end seen late, p99", "s", lambda result: result.lateness(0.99), None),
    (
        "refused (429) after a minute",
        "",
        lambda result: result.throttled_after(LEARNT),
        Target(at_most=0),
    ),
    ("failed waits", "", lambda result: result.failed, Target(at_most=0)),
    ("reads in all", "", lambda result: sum(result.count.requests.values()), None),
)


def measure(settings: Settings) -> Iterator[Figure]:
    """Let all sizes and both ways wait at the same time: they hardly need the machine."""
    plans = QUICK if settings.quick else PLANS
    with running_service(settings.folder) as service, ThreadPoolExecutor(2 * len(plans)) as pool:
        ours = [pool.submit(plan.run, service) for plan in plans]
        in_turn = [pool.submit(plan.as_way(IN_TURN).run, service) for plan in plans]
        for plan, one, other in zip(plans, ours, in_turn, strict=True):
            yield from _figures(plan, one.result(), other.result())


def _figures(plan: SyncPlan, ours: Result, in_turn: Result) -> Iterator[Figure]:
    case = f"{plan.limit} reads a minute"
    for what, unit, of, target in MEASURES:
        aimed = target if plan.syncs == PLANS[-1].syncs else None
        yield Figure(
            PART, what, of(ours), of(in_turn), unit, aimed, case, plan.syncs, "theirs: in turn"
        )
