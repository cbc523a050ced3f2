"""The table itself: its rows on each version of Airflow, what is kept of them, and its page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos import report, results
from tests.chaos.acts import ALONE, BEFORE, TOGETHER
from tests.chaos.play import Result
from tests.chaos.points import POINTS
from tests.chaos.report import write_page
from tests.chaos.results import Results, digest, results_of
from tests.chaos.row import DBT_CLOUD, SEGMENT, Row
from tests.chaos.rows import all_rows
from tests.chaos.versions import matches, on_version

VERSIONS = [(2, 11, 2), (3, 1, 8), (3, 3, 2)]


def result_of(row: Row, *wrong: str) -> Result:
    return Result(row, ends=list(row.ends), state=row.state, tries=1, wrong=list(wrong))


def test_the_table_is_large_and_every_kind_of_row_is_in_it() -> None:
    rows = all_rows()
    assert len(rows) >= 400
    assert {row.service for row in rows} == {DBT_CLOUD, SEGMENT}
    assert all(
        row.faults or row.kill or row.act or row.options or row.twice or row.edit for row in rows
    )


def test_every_act_and_every_point_is_used_and_there() -> None:
    rows = all_rows()
    gathered = [act for together in TOGETHER for act in together.acts]
    assert {row.act for row in rows if row.act} == {*ALONE, *BEFORE, *gathered}
    assert {row.kill.point for row in rows if row.kill} == {*POINTS}


@pytest.mark.parametrize(
    ("condition", "version", "holds"),
    [
        ("<3.3", (3, 1, 8), True),
        ("<3.3", (3, 3, 0), False),
        ("<3", (2, 11, 2), True),
        ("<3", (3, 0, 6), False),
        (">=3.3", (3, 4, 0), True),
        (">=3.3", (3, 1, 8), False),
        ("2", (2, 11, 2), True),
        ("2", (3, 1, 8), False),
        ("3.1", (3, 1, 8), True),
    ],
)
def test_a_condition_holds_for_versions(
    condition: str, version: tuple[int, ...], holds: bool
) -> None:
    assert matches(condition, version) is holds


@pytest.mark.parametrize("version", VERSIONS)
def test_every_row_is_tried_on_every_version_or_left_out_with_a_reason(
    version: tuple[int, ...],
) -> None:
    rows, left_out = on_version(all_rows(), version)
    names = {row.name for row in rows}
    assert len(names) == len(rows)
    assert not names & left_out.keys()
    assert all(left_out.values())
    if version >= (3, 3):
        assert names == {row.name for row in all_rows()}
        return
    # A row without a store and its twin are one row there, which has no store by nature.
    natural = {replace(row, remembers=True).name for row in all_rows()}
    assert names | left_out.keys() == natural
    assert all(row.remembers for row in rows)


def test_below_3_3_a_row_ends_as_it_does_without_a_store() -> None:
    row = Row(
        "a fault",
        "a point",
        DBT_CLOUD,
        "deferred",
        ends=("cancelled",),
        without_store={"ends": ("success",)},
        on={"<3.1": {"state": "failed"}},
        not_on={"2": "it cannot be"},
    )
    at = {version: on_version([row], version) for version in VERSIONS}
    assert at[2, 11, 2] == ([], {row.name: "it cannot be"})
    assert [one.ends for one in at[3, 1, 8][0]] == [("success",)]
    assert at[3, 3, 2][0] == [row]
    assert on_version([replace(row, not_on={})], (3, 0, 6))[0][0].state == "failed"


def test_rows_that_were_right_are_done_until_they_or_the_code_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, wrong, changed, new = all_rows()[:4]
    kept = results_of("3.3.2", tmp_path)
    kept.add(result_of(right))
    kept.add(result_of(wrong))
    kept.add(result_of(wrong, "started 2 instead of 1"))
    kept.add(result_of(changed))
    # What a run left that was killed while it wrote.
    with kept.file.open("a") as file:
        file.write('{"name": "hal')

    again = results_of("3.3.2", tmp_path)
    assert again.is_done(right)
    assert not again.is_done(wrong)
    assert not again.is_done(new)
    assert not again.is_done(replace(changed, retries=7))
    assert again.of(replace(changed, retries=7)) is None
    assert not results_of("3.1.8", tmp_path).is_done(right)
    monkeypatch.setattr(results, "code_digest", lambda: "other")
    assert not again.is_done(right)
    assert again.of(right) is not None


def test_what_is_added_after_a_line_that_was_cut_off_is_read(tmp_path: Path) -> None:
    first, second = all_rows()[:2]
    kept = results_of("3.3.2", tmp_path)
    kept.add(result_of(first))
    kept.file.write_text(kept.file.read_text() + '{"name": "hal')
    results_of("3.3.2", tmp_path).add(result_of(second))
    again = results_of("3.3.2", tmp_path)
    assert again.is_done(first)
    assert again.is_done(second)


def test_a_digest_is_of_everything_that_a_row_says() -> None:
    rows = all_rows()
    assert len({digest(row) for row in rows}) == len(rows)
    assert digest(rows[0]) == digest(all_rows()[0])
    assert all(digest(replace(row, hold=1.5)) != digest(row) for row in rows)
    json.dumps([row.as_dict() for row in rows])


def test_the_page_has_a_line_for_each_row_and_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = all_rows()
    newest, old = results_of("3.3.2", tmp_path), results_of("2.11.2", tmp_path)
    newest.add(result_of(rows[0]))
    newest.add(result_of(rows[1], "started 2 instead of 1"))
    old.add(result_of(on_version(rows, (2, 11, 2))[0][0]))
    page = tmp_path / "page.md"
    write_page(page, tmp_path)
    text = page.read_text()
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert lines[0] == "| fault | point | service | mode | Airflow 3.3.2 | Airflow 2.11.2 |"
    assert len(lines) == 2 + len(rows)
    assert lines[2].endswith("| 0 started, success | 0 started, success |")
    assert lines[3].endswith("| **wrong**: 0 started, success: started 2 instead of 1 | not run |")
    assert text.count("| not run | left out |") == text.count("| left out |") > 10
    assert f"Airflow 3.3.2: 1 of {len(rows)} rows are as they should be." in text
    assert "Left out on Airflow 2.11.2: tasks of Airflow 2 need no API server." in text
    assert "community" not in text

    monkeypatch.setattr(report, "code_digest", lambda: "other")
    write_page(page, tmp_path)
    assert "2 were run before the newest change of the package" in page.read_text()


def test_the_results_of_nothing_are_empty(tmp_path: Path) -> None:
    assert Results(tmp_path / "none.jsonl").of(all_rows()[0]) is None
