"""What a sync did, in numbers and words."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.segment.progress import describe_progress, label
from airflow_provider_dbtsegment.segment.report import describe, report, why_failed, why_rejected
from airflow_provider_dbtsegment.segment.summary import summarize
from airflow_provider_dbtsegment.segment.sync_policy import Verdict
from airflow_provider_dbtsegment.triggers.finishing import can_be_stored

EXTRACT = {"addedCount": "150", "updatedCount": "40", "deletedCount": "10", "extractCount": "200"}
TIMES = {"startedAt": "2026-01-01T00:00:01.000Z", "finishedAt": "2026-01-01T00:00:03.500Z"}
SYNC: Any = {
    "syncId": "s1",
    "modelId": "customers",
    "syncStatus": "PARTIAL_SUCCESS",
    "startedAt": "2026-01-01T00:00:00.000Z",
    "finishedAt": "2026-01-01T00:03:12.000Z",
    "extractPhase": {**EXTRACT, **TIMES},
    "loadPhase": {"deliverSuccessCount": "1198", "deliverFailureCount": "2", **TIMES},
}
FAILED = Verdict(False, "Two are too many.", 2, 1200)


def test_a_summary_tells_the_times_of_both_phases() -> None:
    summary = summarize(SYNC, FAILED, "m", "https://app.segment.com/x")
    assert summary["sync_url"] == "https://app.segment.com/x"
    assert summary["started_at"] == "2026-01-01T00:00:00+00:00"
    assert summary["finished_at"] == "2026-01-01T00:03:12+00:00"
    for phase in ("extract", "load"):
        times: Any = summary
        assert times[f"{phase}_started_at"] == "2026-01-01T00:00:01+00:00"
        assert times[f"{phase}_finished_at"] == "2026-01-01T00:00:03.500000+00:00"


def test_a_report_is_a_small_table() -> None:
    assert report(summarize(SYNC, FAILED)).splitlines() == [
        "Segment sync s1 of model customers: PARTIAL_SUCCESS after 3 min 12 s.",
        "",
        "phase    took                rows",
        "extract  2.50 s  added        150",
        "                 updated       40",
        "                 deleted       10",
        "load     2.50 s  delivered  1,198",
        "                 rejected       2",
    ]


def test_a_summary_tells_how_it_was_decided() -> None:
    summary = summarize(SYNC, FAILED)
    names = ("rejected", "new_rejected", "new_rows", "passed", "decision")
    assert [summary[name] for name in names] == [2, 2, 1200, False, "Two are too many."]
    assert why_rejected(summary) == (
        "Segment sync s1 of model customers ended with status PARTIAL_SUCCESS and delivered 1,198 "
        "of 1,200 rows; the destination rejected 2. Two are too many."
    )
    assert describe(summary).endswith("1198 delivered, 2 rejected")


def test_an_empty_error_code_is_no_error() -> None:
    phases = {name: {**SYNC[name], "errorCode": ""} for name in ("extractPhase", "loadPhase")}
    fine = summarize({**SYNC, **phases, "error": "", "errorCode": " "}, FAILED)
    assert fine["error"] == ""
    assert "Segment says" not in why_rejected(fine)
    broken = {**SYNC, "extractPhase": {"errorCode": "QUERY_FAILED"}, "loadPhase": {"errorCode": ""}}
    summary = summarize(broken, Verdict(False))
    assert summary["error"] == "QUERY_FAILED"
    assert why_failed(summary).endswith("Segment says: QUERY_FAILED")


def test_odd_texts_and_numbers_can_be_stored_and_shown() -> None:
    odd: Any = {
        **SYNC,
        "modelId": "\x00\ud800",
        "syncStatus": "\x1b[31m" + "x" * 5000,
        "startedAt": 7,
        "extractPhase": {"addedCount": float("nan"), "extractCount": "9" * 4000, "startedAt": {}},
        "loadPhase": [],
        "error": "\x00" + "no table " * 10_000,
    }
    summary = summarize(odd, Verdict(False))
    assert can_be_stored({"sync_summary": summary})
    assert (summary["added"], summary["extracted"], summary["started_at"]) == (0, 0, None)
    assert len(summary["error"]) <= 2000
    assert max(map(len, report(summary).splitlines())) < 500


def test_a_state_tells_which_phase_goes_on() -> None:
    going: Any = {"syncId": "s1", "syncStatus": "IN_PROGRESS"}
    assert label(going) == "IN_PROGRESS"
    going["extractPhase"] = {"startedAt": "2026-01-01T00:00:01.000Z"}
    assert label(going) == "IN_PROGRESS, extracting"
    assert describe_progress(going) is None
    going["loadPhase"] = {**going["extractPhase"], "deliverSuccessCount": "1200"}
    going["extractPhase"]["extractCount"] = "5000"
    assert label(going) == "IN_PROGRESS, loading"
    assert describe_progress(going) == (
        "Segment sync s1: 5,000 rows extracted, 1,200 delivered, 0 rejected so far."
    )
    assert label(SYNC) == "PARTIAL_SUCCESS"
