"""Schedules of models: what goes out, and what is told before anything goes out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import ConfigurationError
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.transport import TransportSettings
from airflow_provider_dbtsegment.segment import SegmentApi, SegmentSettings
from tests.scripted_server import Reply, ScriptedServer

MODEL = {"name": "N", "query": "select 1 as id", "query_identifier_column": "id"}
WEEK = {"days": [1, 5], "hours": [0, 23], "timezone": "Europe/Berlin"}
NIGHTLY = {"spec": "30 2 * * 1-5", "timezone": "America/Los_Angeles"}
JOB = {"jobId": "11", "accountId": "7"}


@pytest.fixture
def api(server: ScriptedServer) -> Iterator[SegmentApi]:
    api = SegmentApi(SegmentSettings(TransportSettings(server.url, TokenAuth("t0k"))))
    server.script(Reply(body='{"data": {"reverseEtlModel": {"id": "m"}}}'))
    yield api
    api.close()


@pytest.mark.parametrize(
    ("strategy", "config"),
    [
        ("MANUAL", None),
        ("MANUAL", {}),
        *(("PERIODIC", {"interval": text}) for text in ("10m", "1h30m", "1.5h", "600s", "168h")),
        ("SPECIFIC_DAYS", WEEK),
        ("CRON", NIGHTLY),
        *(
            ("CRON", {**NIGHTLY, "spec": f"{minutes} * * * *"})
            for minutes in ("*/15", "0,15,30,45", "5", "5-5", "0-59/20", "7/30")
        ),
        *(
            ("CRON", {**NIGHTLY, "spec": spec})
            for spec in (
                "*/25 5 * * *",
                "0,50 1,3 * * *",
                "0,50 0,23 * * 1",
                "0 0-23/2 1,15,31 JAN-mar,12 *",
                "5 4 ? * MON-Fri",
                "5 4 * * 5-7",
            )
        ),
        ("DBT_CLOUD", JOB),
    ],
)
def test_a_schedule_goes_out_as_it_is_given(
    strategy: Any, config: Any, api: SegmentApi, server: ScriptedServer
) -> None:
    schedule: dict[str, Any] = {"schedule_strategy": strategy, "schedule_config": config}
    api.create_reverse_etl_model("s", **MODEL, **schedule)
    api.update_reverse_etl_model("m", **schedule)
    for request in server.received:
        body = json.loads(request.body)
        assert body["scheduleStrategy"] == strategy
        assert body.get("scheduleConfig") == config


@pytest.mark.parametrize(
    ("strategy", "config", "says"),
    [
        (None, {"interval": "1h"}, "without a schedule_strategy. Give both"),
        ("periodic", {"interval": "1h"}, "'periodic' is not known; use MANUAL, PERIODIC"),
        (["MANUAL"], {}, "is not known; use MANUAL, PERIODIC"),
        ({}, {}, "is not known; use MANUAL, PERIODIC"),
        ("MANUAL", {"interval": "1h"}, "has 'interval'. The strategy MANUAL takes nothing"),
        ("PERIODIC", None, "has no interval. The strategy PERIODIC needs interval"),
        ("PERIODIC", "1h", "is '1h'; it must be a dict. The strategy PERIODIC needs interval"),
        ("PERIODIC", {"interval": "1h", "timezone": "UTC"}, "has 'timezone'"),
        *(
            ("PERIODIC", {"interval": value}, "interval of schedule_config is .*; use a duration")
            for value in ("5m", "169h", "", "1 h", "-1h", "hour", "1d", "60", 3600, None)
        ),
        ("SPECIFIC_DAYS", {"days": [1], "hours": [1]}, "no timezone.* days and hours and timezone"),
        *(
            ("SPECIFIC_DAYS", {**WEEK, "days": days}, "days .* whole numbers from 0 to 6")
            for days in ([], [7], [-1], ["1"], [1.5], [True], "1", 1, None, [0] * 8)
        ),
        ("SPECIFIC_DAYS", {**WEEK, "hours": [24]}, "hours .* whole numbers from 0 to 23"),
        *(
            ("SPECIFIC_DAYS", {**WEEK, "timezone": zone}, "timezone .* name of a time zone")
            for zone in ("Berlin", "", "Europe", "../etc/passwd", "+02:00", 2, None)
        ),
        ("CRON", {"spec": "0 5 * * *"}, "has no timezone"),
        ("CRON", {**NIGHTLY, "timezone": "PDT"}, "name of a time zone"),
        *(
            ("CRON", {**NIGHTLY, "spec": spec}, "cron expression of five fields")
            for spec in ("", "0 5 * *", "0 0 5 * * *", "@daily", 5, None)
        ),
        *(
            ("CRON", {**NIGHTLY, "spec": f"{minutes} 5 * * *"}, "at least 15 minutes")
            for minutes in ("*", "*/5", "0,10", "0-30", "50/5")
        ),
        *(
            ("CRON", {**NIGHTLY, "spec": spec}, "at least 15 minutes")
            for spec in (
                "0,50 * * * *",
                "*/25 * * * *",
                "0,50 1,2 * * *",
                "*/25 */1 1 1 *",
                "0,50 0,23 * * *",
            )
        ),
        *(
            ("CRON", {**NIGHTLY, "spec": spec}, f"cron expression whose {field}")
            for spec, field in (
                ("99 99 99 99 99", "minute is from 0 to 59"),
                ("a b c d e", "minute"),
                ("60 * * * *", "minute"),
                ("5, * * * *", "minute"),
                ("*/0 * * * *", "minute"),
                ("5--9 * * * *", "minute"),
                (f"{'9' * 5000} * * * *", "minute"),
                ("0 24 * * *", "hour"),
                ("0 5-3 * * *", "hour"),
                ("0 0 0 * *", "day"),
                ("0 0 * 13 *", "month is from 1 to 12 or jan to dec"),
                ("0 0 * mon *", "month"),
                ("0 0 * * 8", "weekday"),
                ("0 0 * * jan", "weekday"),
                ("0 0 * * *-5", "weekday"),
            )
        ),
        ("DBT_CLOUD", {"jobId": "11"}, "has no accountId.* needs jobId and accountId"),
        ("DBT_CLOUD", {**JOB, "jobId": 11}, "jobId of schedule_config is 11; use the id, as a"),
        ("DBT_CLOUD", {**JOB, "accountId": " "}, "accountId"),
    ],
)
def test_a_wrong_schedule_is_told_before_anything_goes_out(
    strategy: Any, config: Any, says: str, api: SegmentApi, server: ScriptedServer
) -> None:
    schedule: dict[str, Any] = {"schedule_strategy": strategy, "schedule_config": config}
    with pytest.raises(ConfigurationError, match=says):
        api.create_reverse_etl_model("s", **MODEL, **schedule)
    with pytest.raises(ConfigurationError, match=says):
        api.update_reverse_etl_model("m", **schedule)
    assert server.received == []


def test_a_schedule_is_kept_and_changed(segment: SegmentHook) -> None:
    made = segment.create_reverse_etl_model(
        "warehouse",
        name="Scheduled",
        query="select 1 as id",
        query_identifier_column="id",
        schedule_strategy="PERIODIC",
        schedule_config={"interval": "1h"},
    )
    assert made["scheduleStrategy"] == "PERIODIC"
    changed = segment.update_reverse_etl_model(
        made["id"],
        schedule_strategy="DBT_CLOUD",
        schedule_config={"jobId": "11", "accountId": "7"},
    )
    assert changed["scheduleConfig"] == {"jobId": "11", "accountId": "7"}
    assert segment.get_reverse_etl_model(made["id"]) == changed
    segment.delete_reverse_etl_model(made["id"])
