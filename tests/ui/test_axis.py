from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from airflow_provider_dbtsegment.ui.pictures.axis import Axis, around

BEGAN = datetime(2026, 3, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize("length", [0.1, 0.7, 9, 61, 1800, 5000, 86_400, 3_000_000])
def test_ticks_are_few_and_on_the_axis(length: float) -> None:
    ticks = Axis(BEGAN, length).ticks
    assert 1 <= len(ticks) <= 20
    assert ticks[0] == (0, "0")
    assert all(0 <= tick.percent <= 100 for tick in ticks)
    assert len({tick.label for tick in ticks}) == len(ticks)


def test_an_axis_holds_all_moments_and_is_never_empty() -> None:
    axis = around([None, BEGAN + timedelta(seconds=5), BEGAN])
    assert axis == Axis(BEGAN, 5.0)
    assert axis.place(BEGAN + timedelta(seconds=2.5)) == 2.5
    assert around([None]) is None
    alone = around([BEGAN])
    assert alone is not None
    assert alone.length > 0
