"""The marker: which try of which task run has started something."""

from __future__ import annotations

from tests.launched_service import marker


def test_the_marker_names_the_task_run_and_the_try() -> None:
    one = marker(2)
    assert one.try_in(f"why {one}") == 2
    assert marker(5).try_in(f"why {one}") == 2
    for other in (
        marker(dag_id="e"),
        marker(run_id="s"),
        marker(task_id="u"),
        marker(map_index=0),
    ):
        assert other.try_in(f"why {one}") is None
    assert one.try_in(None) is None


def test_the_marker_always_fits_and_is_always_the_end() -> None:
    mark = marker(123)
    assert mark.appended_to("short", 255) == f"short {mark}"
    long = mark.appended_to("x" * 400, 255)
    assert len(long) == 255
    assert long.endswith(f"… {mark}")
