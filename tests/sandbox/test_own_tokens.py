"""Tokens that the environment gives to a sandbox."""

from __future__ import annotations

from airflow_provider_dbtsegment.sandbox import own_tokens
from airflow_provider_dbtsegment.sandbox.config import Config, DbtCloudConfig

CONFIG = Config(DbtCloudConfig(projects=[], token="written"), segment={"token": "written", "x": 1})


def test_the_environment_wins_over_the_file() -> None:
    found = own_tokens.with_own_tokens(CONFIG, {own_tokens.DBT: "one", own_tokens.SEGMENT: "two"})
    assert found.dbt_cloud.token == "one"
    assert found.segment == {"token": "two", "x": 1}


def test_what_the_environment_does_not_name_stays() -> None:
    assert own_tokens.with_own_tokens(CONFIG, {own_tokens.DBT: ""}) == CONFIG
    without = Config(DbtCloudConfig(projects=[]))
    assert own_tokens.with_own_tokens(without, {own_tokens.SEGMENT: "two"}).segment == {}


def test_a_token_of_the_environment_is_not_printed() -> None:
    name = own_tokens.DBT
    assert own_tokens.shown("secret", name, {name: "secret"}) == f"the token of {name}"
    assert own_tokens.shown("written", name, {}) == "token written"
