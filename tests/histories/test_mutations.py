"""The histories notice every rule that is broken."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.histories.mutations import MUTATIONS, Mutation
from tests.histories.task import Task
from tests.histories.test_histories import COMMON, TAPE

#: In so many histories at most.
ENOUGH = 4000


@pytest.mark.parametrize(
    "mutation", MUTATIONS, ids=lambda one: f"{one.service.__name__} {one.name}"
)
def test_a_broken_rule_is_noticed(mutation: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    @settings(COMMON, max_examples=ENOUGH, phases=[Phase.generate], report_multiple_bugs=False)
    @given(st.binary(min_size=TAPE, max_size=TAPE))
    def every(drawn: bytes) -> None:
        Task(drawn, mutation.service).play()

    mutation.break_rule(monkeypatch)
    with pytest.raises(AssertionError):
        every()
