"""Texts from outside, in logs and tables."""

from __future__ import annotations

import pytest

from airflow_provider_dbtsegment.texts import WIDTH, duration, harmless, table


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("customers", "customers"),
        ("Bücher 書籍 😀", "Bücher 書籍 😀"),
        ("a\nb\tc", "a b c"),
        ("\x1b[31mred\x00", "[31mred"),
        ("\u202edrow", "drow"),
        ("half \ud800", "half"),
        (7, "7"),
    ],
)
def test_what_steers_is_taken_out(given: object, shown: str) -> None:
    assert harmless(given) == shown


def test_a_long_name_loses_its_middle() -> None:
    assert harmless("stg_orders_of_customers_by_day", 15) == "stg_ord…_by_day"
    assert len(harmless("x" * 10_000_000, 40)) == 40


def test_a_table_is_aligned() -> None:
    rows = [["customers", 200, "4.2 s"], ["subscriptions", 1094, ""]]
    assert table(["mapping", "rows", "took"], rows) == [
        "mapping         rows  took",
        "customers        200  4.2 s",
        "subscriptions  1,094",
    ]


def test_a_table_is_never_wider_than_a_log() -> None:
    rows = [["n" * 300, "m" * 300, 5], ["<script>alert(1)</script>\n", "\x1b[2J", 123456]]
    lines = table(["name", "message", "count"], rows)
    assert max(map(len, lines)) <= WIDTH
    assert "script" in lines[2]
    assert not set("<>\x1b") & set("".join(lines))
    assert lines[2].endswith("123,456")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (0.004, "0.00 s"),
        (3.14159, "3.14 s"),
        (9.996, "10.0 s"),
        (59.96, "1 min 00 s"),
        (245, "4 min 05 s"),
        (3599.7, "1 h 00 min"),
        (7620, "2 h 07 min"),
        (273_600, "3 d 4 h"),
    ],
)
def test_a_length_of_time_is_said_as_a_person_does(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said
