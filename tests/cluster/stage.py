"""What a run of pipelines changes in the services of docker-compose.yaml, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tests.cluster import works
from tests.cluster.compose import Service

HERE = Path(__file__).parent
DAGS = "/opt/airflow/dags"
SANDBOX = "sandbox"


def staged(services: Mapping[str, Service], config: Path) -> dict[str, Service]:
    """
    Return the services with the DAG and the dbt project of the pipelines.

    :param config: Their `sandbox.yml`.
    """
    found = {name: _with_own_dags(service) for name, service in services.items()}
    sandbox = found[SANDBOX]
    more = ("--project", str(works.PROJECT), "--config", str(config))
    found[SANDBOX] = replace(sandbox, command=(*sandbox.command, *more))
    return found


def _with_own_dags(service: Service) -> Service:
    volumes = tuple(
        replace(volume, source=str(HERE / "dags")) if volume.target == DAGS else volume
        for volume in service.volumes
    )
    return replace(service, volumes=volumes)
