"""A thousand waits begin within a second: how long do they go on asking together?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.bench.crowd.members import OURS, THEIRS
from tests.bench.crowd.plan import Plan
from tests.bench.crowd.result import Result
from tests.bench.figures import Figure
from tests.bench.pictures import draw_seconds
from tests.bench.service import running_service
from tests.bench.settings import Settings

PART = "burst"
PLAN = Plan(OURS, 1_000, 10, settle=1, steady=42, spread=1)
QUICK = Plan(OURS, 100, 2, settle=1, steady=8, spread=1)


def measure(settings: Settings) -> Iterator[Figure]:
    """Let both begin, and look at the requests of each second."""
    plan = QUICK if settings.quick else PLAN
    with running_service(settings.folder) as service:
        ours, theirs = (
            replace(plan, provider=provider).run(service) for provider in (OURS, THEIRS)
        )
    case = f"every {plan.interval:g} s"
    spans = {OURS: _seconds(ours, plan), THEIRS: _seconds(theirs, plan)}
    draw_seconds(settings.images / "bench-burst.png", spans, f"{plan.waits:,} waits, {case}")
    yield Figure(
        PART,
        "requests in the busiest second",
        max(spans[OURS]),
        max(spans[THEIRS]),
        "",
        case=case,
        waits=plan.waits,
    )


def _seconds(result: Result, plan: Plan) -> list[int]:
    """Return the requests of each second, from the beginning to the first end."""
    began = int(result.began)
    length = int(plan.settle + plan.steady)
    return [result.count.seconds.get(began + second, 0) for second in range(length)]
