"""What has grown between the beginning and the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from statistics import linear_regression, median

from tests.cluster.findings import Finding
from tests.soak.vitals import QUANTITIES, Vitals

#: The part of the time in which everything is loaded and begun for the first time.
WARM_UP = 1 / 6
#: The part of the time whose middle is taken, after the warming up and at the end.
WINDOW = 1 / 6
#: Memory may differ by so much of itself; of handles and threads, which come and go with what is
#: done at the moment, the fewest are compared, and may differ by so few.
SHARE, FEW = 0.05, 2
HOUR = 3600.0


def growth(vitals: Iterable[Vitals], seconds: float) -> Iterator[Finding]:
    """
    Yield for every service what it held after the warming up and at the end.

    :param seconds: For how long pipelines were started.
    """
    ordered = sorted(vitals, key=lambda one: (one.service, one.at))
    for service, group in groupby(ordered, key=lambda one: one.service):
        own = [one for one in group if one.at <= seconds]
        early = _between(own, WARM_UP * seconds, (WARM_UP + WINDOW) * seconds)
        late = _between(own, (1 - WINDOW) * seconds, seconds)
        for name, of in QUANTITIES.items():
            if not (early and late):
                yield Finding(f"{service}: {name}", "not looked at", "known", is_fine=False)
                continue
            held = median if name == "memory" else min
            yield _finding(service, name, held(map(of, early)), held(map(of, late)))
            if name == "memory":
                half = _between(own, seconds / 2, seconds)
                slope = linear_regression([one.at for one in half], list(map(of, half))).slope
                words = f"{slope * HOUR / 1e6:+.1f} MB an hour"
                yield Finding(f"{service}: memory, trend of the second half", words)


def _finding(service: str, name: str, first: float, last: float) -> Finding:
    if name == "memory":
        share = last / first - 1
        words = f"{first / 1e6:.1f} MB, then {last / 1e6:.1f} MB ({share:+.1%})"
        return Finding(f"{service}: {name}", words, f"at most {SHARE:+.0%}", share <= SHARE)
    words = f"{first:g}, then {last:g}"
    return Finding(f"{service}: {name}", words, f"at most {FEW} more", last <= first + FEW)


def _between(vitals: Sequence[Vitals], begin: float, end: float) -> list[Vitals]:
    return [one for one in vitals if begin <= one.at <= end]
