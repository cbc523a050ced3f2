"""A sandbox for all tests of records that need no sandbox of their own."""

from collections.abc import Iterator

import pytest

from airflow_provider_dbtsegment.sandbox.testing import DbtClient, running_sandbox
from tests.sandbox.conftest import WORKBENCH
from tests.sandbox.dbt_cloud.world import World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, dbt: DbtClient) -> Iterator[World]:
    """One sandbox with something of every kind."""
    with running_sandbox(tmp_path_factory.mktemp("world"), WORKBENCH, dbt=dbt) as sandbox:
        yield World(sandbox)
