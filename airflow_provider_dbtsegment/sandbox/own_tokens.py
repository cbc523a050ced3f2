"""Tokens that the environment gives, in place of those that a ``sandbox.yml`` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from airflow_provider_dbtsegment.sandbox.config import Config

DBT = "DBTSEGMENT_SANDBOX_DBT_TOKEN"
SEGMENT = "DBTSEGMENT_SANDBOX_SEGMENT_TOKEN"


def with_own_tokens(config: Config, environment: Mapping[str, str]) -> Config:
    """Return the configuration with the tokens that the environment names; empty ones count not."""
    if token := environment.get(DBT):
        config = replace(config, dbt_cloud=replace(config.dbt_cloud, token=token))
    if config.segment and (token := environment.get(SEGMENT)):
        config = replace(config, segment={**config.segment, "token": token})
    return config


def shown(token: str, name: str, environment: Mapping[str, str]) -> str:
    """Return a token as it may be printed: one that the environment gives is a secret."""
    return f"the token of {name}" if environment.get(name) else f"token {token}"
