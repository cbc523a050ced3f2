"""Names, ports and paths of containers become those of this machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cluster.compose import Service
from tests.cluster.places import ROOT, Places


@pytest.fixture
def places(services: Mapping[str, Service], tmp_path: Path) -> Places:
    return Places(services, tmp_path)


def test_nothing_of_a_service_names_another_container_or_its_paths(
    services: Mapping[str, Service], places: Places
) -> None:
    names = "|".join(services)
    for service in services.values():
        words = [*places.command(service), *places.environment(service).values()]
        if service.health:
            words += [places.translate(service, word) for word in service.health.test]
        for word in words:
            assert not re.search(rf"(?<![\w.-])({names}):\d", word), word
            assert "0.0.0.0" not in word  # noqa: S104
            assert "/opt/airflow" not in word
            assert "/var/lib/" not in word


def test_everybody_reaches_a_service_where_it_listens(
    services: Mapping[str, Service], places: Places
) -> None:
    server = services["api-server"]
    port = places.translate(server, "8080")
    assert port != "8080"
    assert places.address("api-server", "8080") == f"127.0.0.1:{port}"
    told = places.environment(services["worker-1"])
    assert told["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == f"http://127.0.0.1:{port}/execution/"
    assert places.environment(server)["AIRFLOW__API__PORT"] == port
    assert told["AIRFLOW__API__BASE_URL"] == f"http://127.0.0.1:{port}"


def test_two_of_a_kind_do_not_share_a_port(services: Mapping[str, Service], places: Places) -> None:
    ports = [
        places.environment(services[name])["AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT"]
        for name in ("worker-1", "worker-2")
    ]
    assert len({*ports, "8793"}) == 3
    assert len(set(places.ports.values())) == len(places.ports)


def test_a_folder_of_the_project_is_used_as_it_is_and_a_volume_is_a_new_folder(
    services: Mapping[str, Service], places: Places, tmp_path: Path
) -> None:
    told = places.environment(services["scheduler"])
    assert told["AIRFLOW__CORE__DAGS_FOLDER"] == str(ROOT / "example_dags")
    assert told["AIRFLOW__LOGGING__BASE_LOG_FOLDER"] == str(tmp_path / "volumes" / "logs")
    assert str(tmp_path / "volumes" / "redis") in places.command(services["redis"])
