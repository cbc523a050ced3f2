"""What a part of the bench finds: one figure of ours beside the community provider's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """
    What must be seen.

    :param at_most: The largest value of ours that will do, in the figure's unit.
    :param ratio: How many times as much theirs must be.
    """

    at_most: float | None = None
    ratio: float | None = None

    def __str__(self) -> str:
        most = [] if self.at_most is None else [f"≤ {number(self.at_most)}"]
        return ", ".join(most + ([] if self.ratio is None else [f"≤ 1 : {number(self.ratio)}"]))


@dataclass(frozen=True)
class Figure:
    """
    One figure, the median where it was measured several times.

    :param part: The part of the bench, such as ``waits``.
    :param what: What was measured, such as ``requests``.
    :param ours: This provider's; `None` where it was not measured.
    :param theirs: The community provider's; `None` where it has none or cannot.
    :param unit: Such as ``1/s``, ``ms``, ``MB``, ``% of a core``; empty for a plain count.
    :param case: Under which circumstances, such as ``every 10 s``.
    :param waits: How many were waited for, where that is what the figure goes by.
    :param note: What a reader must know of it, in a few words.
    """

    part: str
    what: str
    ours: float | None
    theirs: float | None
    unit: str
    target: Target | None = None
    case: str = ""
    waits: int | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times as much theirs is."""
        if self.ours is None or self.theirs is None or self.ours <= 0:
            return None
        return self.theirs / self.ours

    @property
    def met(self) -> bool | None:
        """Whether the target is met; `None` where there is none, or nothing to compare with."""
        if self.target is None or self.ours is None:
            return None
        verdicts = []
        if self.target.at_most is not None:
            verdicts.append(self.ours <= self.target.at_most)
        if self.target.ratio is not None:
            if self.theirs is None:
                return None
            verdicts.append(self.theirs >= self.ours * self.target.ratio)
        return all(verdicts)


def number(value: float | None) -> str:
    """Write a number with as many digits as one reads."""
    if value is None:
        return "–"  # noqa: RUF001 - nothing was measured
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
