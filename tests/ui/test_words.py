from __future__ import annotations

import pytest

from airflow_provider_dbtsegment.ui import words


def test_a_duration_that_is_not_known_is_a_dash() -> None:
    assert [words.duration(one) for one in (None, 0, 245)] == [words.NONE, "0.00 s", "4 min 05 s"]


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [
        (0, 0, words.NONE),
        (0, 7, "0 %"),
        (7, 7, "100 %"),
        (1, 1000, "< 1 %"),
        (999, 1000, "> 99 %"),
        (1, 3, "33 %"),
    ],
)
def test_a_share_is_all_or_nothing_only_if_it_is(part: int, whole: int, told: str) -> None:
    assert words.share(part, whole) == told


def test_an_age_is_told_in_one_unit() -> None:
    ages = [words.age(one) for one in (-3, 5, 119, 120, 7199, 7200, 172_799, 172_800)]
    assert ages == ["0 s", "5 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 d"]


def test_what_is_usual_is_told_roughly() -> None:
    told = [words.rough(one) for one in (0.2, 58, 170, 7190, 86_380, 172_700)]
    assert told == ["0 s", "58 s", "3 min", "2 h", "24 h", "2 d"]


def test_numbers_are_grouped() -> None:
    assert words.grouped(1_234_567) == "1\u202f234\u202f567"
    assert words.many(1, "row") == "1 row"
    assert words.many(0, "row") == "0 rows"
