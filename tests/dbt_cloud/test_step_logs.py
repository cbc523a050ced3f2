"""The log of a step, as text and as the JSON lines that dbt Cloud keeps since May 2026."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_dbtsegment.dbt_cloud.progress import describe_progress
from airflow_provider_dbtsegment.dbt_cloud.report import LOG_TAIL, why_failed
from airflow_provider_dbtsegment.dbt_cloud.step_logs import MAX_LOOKED_AT, readable_lines
from airflow_provider_dbtsegment.dbt_cloud.summary import RunSummary
from tests.dbt_cloud.left_behind import run_of


def event(level: str, message: str, **more: Any) -> str:
    """Return a line as dbt writes it with `--log-format json`."""
    info = {
        "category": "",
        "code": "Q034",
        "level": level,
        "msg": message,
        "name": "LogModelResult",
    }
    return json.dumps({"data": {"description": "sql table model"}, "info": {**info, **more}})


@pytest.mark.parametrize(
    ("logs", "lines"),
    [
        (None, []),
        (7, []),
        ("", []),
        ("\n \n", []),
        ("12:00:01  One\n\n  two  \n", ["12:00:01  One", "  two"]),
        ("\x1b[31mred\x1b[0m", ["red"]),
        (event("error", "It broke."), ["error: It broke."]),
        (event("info", "\x1b[32m1 of 3 OK\x1b[0m"), ["info: 1 of 3 OK"]),
        (
            event("error", "Database Error in model orders\n  no such column\n\n  line 3"),
            ["error: Database Error in model orders", "  no such column", "  line 3"],
        ),
        # What earlier and other writers call these fields.
        ('{"code": "A001", "level": "WARN", "msg": "old", "data": {}}', ["warn: old"]),
        ('{"severity": "INFO", "message": "other"}', ["info: other"]),
        ('{"severity_text": "ERROR", "body": "fusion"}', ["error: fusion"]),
        ('{"message": "without a level"}', ["without a level"]),
        # Text and events may be mixed, and events may say nothing.
        ("Cloning\n" + event("info", "a") + "\nDone", ["Cloning", "info: a", "Done"]),
        (event("info", "") + "\n" + event("info", "b"), ["info: b"]),
        ('{"info": {"level": "info"}}\n{"data": 7}\nend', ["end"]),
        ("{{ config(x) }}\n{ not json", ["{{ config(x) }}", "{ not json"]),
        ("[1, 2]\n7\nnull", ["[1, 2]", "7", "null"]),
        # What is there for developers is shown where there is nothing else.
        (event("debug", "sql") + "\n" + event("info", "c"), ["info: c"]),
        (event("debug", "first\nsecond"), ["debug: first", "debug: second"]),
        # As parsed events.
        ([json.loads(event("error", "d")), "text", 7, None], ["error: d", "text"]),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_log_is_read_as_lines(logs: Any, lines: list[str]) -> None:
    assert readable_lines(logs) == lines


@pytest.mark.parametrize("left", [80, 110, 130, 170])
def test_an_event_that_was_cut_is_no_json_either(left: int) -> None:
    whole = event("error", 'Column "emial" does not exist in the table')
    (line,) = readable_lines(whole[:left]) or [""]
    assert "{" not in line
    assert 'error: Column "emial" does not exist'.startswith(line[:20])


def test_a_long_log_is_read_from_its_end() -> None:
    logs = "\n".join(event("info", f"line {number}") for number in range(20_000))
    lines = readable_lines(logs)
    assert lines[-1] == "info: line 19999"
    assert lines[0].startswith("info: line 1")
    assert len("\n".join(lines)) < MAX_LOOKED_AT


def test_a_failure_quotes_text_and_no_json() -> None:
    logs = "\n".join(
        [
            *(
                event("info", f"{number} of 40 OK created model shop.m{number}")
                for number in range(40)
            ),
            event("error", "Encountered an error:\nRuntime Error\n  dbt.yml is missing"),
            event("debug", "Flushing usage events"),
        ]
    )
    run = run_of("build", status=20)
    assert run["run_steps"] is not None
    run["run_steps"][0].update(status=20, logs=logs)
    told: Any = {"job_id": 9, "status": "error", "failed_nodes": [], "run_url": "https://x"}
    summary: RunSummary = told
    lines = why_failed(run, summary).splitlines()
    tail = lines[lines.index("The end of the log of Invoke dbt with `dbt build`:") + 1 : -1]
    assert tail[-3:] == [
        "  error: Encountered an error:",
        "  Runtime Error",
        "    dbt.yml is missing",
    ]
    assert len(tail) == LOG_TAIL
    assert not any("{" in line for line in tail)


def test_progress_is_read_from_json_lines_as_well() -> None:
    logs = [
        event("info", "\x1b[32m1 of 3 START sql table model shop.people [RUN]\x1b[0m"),
        event("info", "2 of 3 START sql view model shop.orders [RUN]"),
        event("info", "\x1b[32m1 of 3 OK created sql table model shop.people [OK in 1.00s]\x1b[0m"),
    ]
    steps: Any = [{"name": "dbt build", "status": 3, "logs": "\n".join(logs)}]
    said = describe_progress({"id": 5, "run_steps": steps})
    assert said == "dbt Cloud run 5: step 1 of 1, dbt build, 1 of 3 nodes done."
