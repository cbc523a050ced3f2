"""What the sandbox offers to the pipelines."""

from __future__ import annotations

from pathlib import Path

from airflow_provider_dbtsegment.sandbox.config import load_config
from airflow_provider_dbtsegment.sandbox.segment.config import RateLimits, parse_config
from tests.cluster import works


def test_every_pipeline_has_two_mappings_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.yml"
    works.write(path, 3)
    config = load_config(works.PROJECT, path)
    settings = parse_config(config.segment)
    assert list(settings.mappings) == [
        "left_0",
        "right_0",
        "left_1",
        "right_1",
        "left_2",
        "right_2",
    ]
    assert [job.id for job in config.dbt_cloud.projects[0].jobs] == [1, 2, 3, 4]


def test_the_limits_are_the_services_own_but_for_the_start_of_a_sync() -> None:
    own = RateLimits()
    assert {name: getattr(own, name) for name in works.LIMITS} | {"start_sync": 240} == works.LIMITS
