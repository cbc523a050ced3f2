from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from airflow_provider_dbtsegment.ui.reading import values

NOON = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "given",
    [
        "2026-03-01T12:00:00.5Z",
        "2026-03-01T12:00:00.500000+00:00",
        "2026-03-01 12:00:00.500000000+00:00",
        "2026-03-01T14:00:00.5+02:00",
        "2026-03-01T12:00:00.500",
        NOON,
    ],
)
def test_moments_are_read_as_anybody_writes_them(given: Any) -> None:
    assert values.moment(given) == NOON


@pytest.mark.parametrize(
    "given",
    [
        None,
        5,
        "",
        "soon",
        "2026-13-01",
        "9" * 50,
        [],
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59Z",
    ],
)
def test_what_is_no_moment_is_none(given: Any) -> None:
    assert values.moment(given) is None


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        (3, 3),
        ("12", 12),
        (-1, 0),
        (2.9, 2),
        (float("nan"), 0),
        (float("inf"), 0),
        (True, 0),
        ("1e3", 0),
        (None, 0),
    ],
)
def test_counts_are_whole_and_never_below_nothing(given: Any, counted: int) -> None:
    assert values.count(given) == counted


def test_what_is_nested_too_deep_stays_a_text() -> None:
    given = "[" * 100_000
    assert values.plain(given) == given


def test_long_texts_are_cut() -> None:
    assert len(values.text("x" * 10_000)) == values.MAX_TEXT + 1


def test_nothing_that_an_xcom_names_is_imported() -> None:
    given = {"__classname__": "os.system", "__version__": 1, "__data__": ["true"]}
    assert values.plain(given) == ["true"]
