"""Ten thousand made-up histories of launching and waiting, and what must hold in each of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.histories.dbt_cloud import DbtCloud
from tests.histories.segment import Segment
from tests.histories.task import Task

#: How many, of both services together.
HISTORIES = int(os.environ.get("HISTORIES", "10000"))
TAPE = 320
SERVICES = pytest.mark.parametrize("service", [DbtCloud, Segment], ids=["dbt Cloud", "Segment"])
COMMON = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)


@SERVICES
@pytest.mark.timeout(180 + HISTORIES // 20)
def test_every_history_keeps_the_rules(
    service: type[DbtCloud] | type[Segment], tell: Callable[[str], None]
) -> None:
    played: Counter[str] = Counter()

    @settings(COMMON, max_examples=HISTORIES // 2)
    @given(st.binary(min_size=TAPE, max_size=TAPE))
    def every(drawn: bytes) -> None:
        task = Task(drawn, service)
        try:
            task.play()
        except Exception:
            note("\n".join(task.world.story))
            raise
        played.update(task.counted, histories=1)

    every()
    counts = ", ".join(f"{number} {what}" for what, number in played.most_common())
    tell(f"Launching and waiting, {service.__name__}: {counts}")
