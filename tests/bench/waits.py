"""Many runs are waited for by the triggers of both providers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.bench.crowd.members import OURS, THEIRS
from tests.bench.crowd.plan import Plan
from tests.bench.crowd.result import Result
from tests.bench.figures import Figure, Target
from tests.bench.service import Service, running_service
from tests.bench.settings import Settings

PART = "waits"
#: dbt Cloud's documented limit of requests a minute and account.
LIMIT = 5_000
#: Seconds after the last end; who has heard nothing by then counts as failed.
GIVEN_UP = 60.0
#: So many waits end within half of the time, which makes the bench shorter.
FEW = 1_000
BOTH, ALONE = (OURS, THEIRS), (OURS,)


@dataclass(frozen=True)
class Case:
    """
    How many wait, and under which circumstances.

    :param times: How often it is measured, by turns; the median counts.
    :param targets: What must be seen, by what is measured.
    """

    waits: int
    interval: float
    limit: int | None = None
    providers: Sequence[str] = BOTH
    times: int = 1
    steady: float = 30.0
    targets: dict[str, Target] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Say it in words."""
        limited = "" if self.limit is None else f", at most {self.limit:,} requests a minute"
        return f"every {self.interval:g} s{limited}"

    def plan(self, provider: str) -> Plan:
        """Return the plan for a provider."""
        settle = max(self.interval * 1.2, 4.0)
        spread = self.steady if self.waits > FEW else self.steady / 2
        return Plan(
            provider, self.waits, self.interval, self.limit, settle, self.steady, spread, GIVEN_UP
        )


NONE = Target(at_most=0)
CASES = (
    Case(100, 10, times=3, steady=20),
    Case(
        1_000,
        10,
        times=3,
        targets={
            "requests": Target(ratio=90),
            "connections in all": Target(at_most=2),
            "processor": Target(ratio=20),
            "failed waits": NONE,
        },
    ),
    Case(5_000, 10, targets={"memory": Target(ratio=10), "failed waits": NONE}),
    Case(10_000, 10, targets={"failed waits": NONE}),
    Case(
        50_000,
        10,
        providers=ALONE,
        targets={"lag, p99": Target(at_most=100), "failed waits": NONE},
    ),
    Case(1_000, 10, LIMIT, targets={"failed waits": NONE}),
    Case(10_000, 2, providers=ALONE, targets={"failed waits": NONE}),
    Case(
        10_000,
        2,
        LIMIT,
        targets={
            "processor": Target(at_most=10),
            "lag, p99": Target(at_most=50),
            "end seen late, p99": Target(at_most=3.5),
            "failed waits": NONE,
        },
    ),
)
QUICK = (
    Case(20, 2, steady=6),
    Case(200, 2, steady=6, targets={"connections in all": Target(at_most=2)}),
    Case(200, 2, 3_000, steady=6, targets={"failed waits": NONE}),
)

#: What is measured, its unit, and where it stands in a result.
MEASURES: tuple[tuple[str, str, Callable[[Result], float | None]], ...] = (
    ("requests", "1/s", lambda result: result.rate),
    ("connections in all", "", lambda result: result.count.connections),
    ("processor", "% of a core", lambda result: result.processor),
    ("memory", "MB", lambda result: result.memory),
    ("lag, p99", "ms", lambda result: result.lag),
    ("lag with beginning and ends, p99", "ms", lambda result: result.whole_lag),
    ("end seen late, p50", "s", lambda result: result.lateness(0.5)),
    ("end seen late, p99", "s", lambda result: result.lateness(0.99)),
    ("end seen late, at most", "s", lambda result: result.lateness(1.0)),
    ("failed waits", "", lambda result: result.failed),
    ("requests refused (429)", "", lambda result: result.throttled),
)


def measure(settings: Settings) -> Iterator[Figure]:
    """Measure all cases, one process after the other."""
    with running_service(settings.folder) as service:
        for case in QUICK if settings.quick else CASES:
            yield from _figures(case, _results(case, service, settings))


def _results(case: Case, service: Service, settings: Settings) -> dict[str, list[Result]]:
    results: dict[str, list[Result]] = {provider: [] for provider in case.providers}
    for _ in range(case.times):
        for provider in case.providers:
            result = case.plan(provider).run(service)
            results[provider].append(result)
            settings.say(
                f"{case.waits:,} waits {case.name}, {provider}: {result.rate:.1f} requests/s, "
                f"{result.processor:.1f} % of a core, {result.memory:.0f} MB, "
                f"lag {result.lag:.0f} ms, {result.failed} failed"
            )
    return results


def _figures(case: Case, results: dict[str, list[Result]]) -> Iterator[Figure]:
    for what, unit, of in MEASURES:
        ours, theirs = (_median(results.get(provider, []), of) for provider in BOTH)
        target = case.targets.get(what)
        note = f"median of {case.times}" if case.times > 1 else ""
        yield Figure(PART, what, ours, theirs, unit, target, case.name, case.waits, note)


def _median(results: Sequence[Result], of: Callable[[Result], float | None]) -> float | None:
    values = [value for result in results if (value := of(result)) is not None]
    return median(values) if values else None
