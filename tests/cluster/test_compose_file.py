"""docker-compose.yaml as a whole: what must hold of every service."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow.configuration import conf

from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from tests.cluster import dotenv
from tests.cluster.compose import COMPLETED, MissingVariableError, Service, read, seconds
from tests.cluster.places import ROOT
from tests.cluster.programs import program

AIRFLOW = "dbtsegment-airflow:3.3.2"
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY|AUTH$")
#: Names that look like those of secrets, and are none.
NO_SECRETS = {"AIRFLOW__CORE__AUTH_MANAGER"}
VARIABLE = re.compile(r"\$\{(\w+)(.*?)\}")
REQUIRED = re.compile(r"\$\{\w+:\?run make \.env\}")


def settings(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield each service, and each of its settings as it is written."""
    for name, service in document["services"].items():
        for setting, value in service.get("environment", {}).items():
            yield name, setting, value


def test_docker_compose_accepts_the_file(tmp_path: Path) -> None:
    client = [shutil.which("docker") or "docker", "compose"]
    try:
        subprocess.run([*client, "version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("docker compose is not installed")
    dotenv.write(tmp_path / ".env", dotenv.COMPOSE.read_text())
    done = subprocess.run(
        [*client, "--env-file", str(tmp_path / ".env"), "config", "--quiet"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_every_part_of_the_topology_is_there(services: Mapping[str, Service]) -> None:
    assert set(services) == {
        *("postgres", "redis", "init", "sandbox", "api-server", "scheduler", "dag-processor"),
        *("worker-1", "worker-2", "triggerer-1", "triggerer-2"),
    }


def test_every_service_has_a_health_check_or_does_its_work_once(
    services: Mapping[str, Service],
) -> None:
    awaited = {
        other
        for service in services.values()
        for other, how in service.depends_on.items()
        if how == COMPLETED
    }
    for service in services.values():
        if service.is_one_off:
            assert service.name in awaited
            assert service.health is None
        else:
            assert service.health is not None, service.name
            assert service.health.test
            assert service.restart == "unless-stopped", service.name


def test_every_service_waits_for_what_it_cannot_do_without(
    services: Mapping[str, Service],
) -> None:
    def needs(name: str) -> set[str]:
        direct = set(services[name].depends_on)
        return direct.union(*(needs(other) for other in direct))

    for service in services.values():
        if service.image == AIRFLOW:
            assert "postgres" in needs(service.name)
            assert service.is_one_off or {"redis", "init"} <= needs(service.name)
        if service.name.startswith(("worker", "triggerer")):
            assert {"api-server", "sandbox"} <= needs(service.name)


def test_every_secret_has_to_be_given(document: Mapping[str, Any], text: str) -> None:
    seen = 0
    for name, setting, value in settings(document):
        if SECRET.search(setting) and setting not in NO_SECRETS:
            seen += 1
            assert REQUIRED.fullmatch(value), f"{name}: {setting}"
        for password in re.findall(r"://\w*:([^@]*)@", value):
            seen += 1
            assert REQUIRED.fullmatch(password), f"{name}: {setting}"
        if setting.startswith("AIRFLOW_CONN_"):
            seen += 1
            assert REQUIRED.fullmatch(json.loads(value)["password"]), f"{name}: {setting}"
    assert seen > 20
    for name, rest in VARIABLE.findall(text):
        assert not SECRET.search(name) or rest.startswith(":?"), name


def test_a_secret_that_is_missing_stops_everything_with_what_to_do(text: str) -> None:
    given = dict.fromkeys(dotenv.required(text), "x")
    for name in given:
        with pytest.raises(MissingVariableError, match=f"{name} is missing: run make .env"):
            read(dotenv.COMPOSE, {**given, name: ""})


def test_ports_are_published_to_this_machine_alone(services: Mapping[str, Service]) -> None:
    published = {service.name: service.ports for service in services.values() if service.ports}
    assert published == {"api-server": ("127.0.0.1:8080:8080",)}


def test_the_images_airflow_is_the_one_that_is_tested(document: Mapping[str, Any]) -> None:
    (pin,) = re.findall(r"^apache-airflow==(.*)$", (ROOT / "constraints.txt").read_text(), re.M)
    recipe = document["services"]["init"]["build"]["dockerfile_inline"]
    assert f"FROM apache/airflow:{pin}-python3.12\n" in recipe
    for name, service in document["services"].items():
        if service["image"].startswith("dbtsegment-airflow"):
            assert service["image"] == f"dbtsegment-airflow:{pin}", name


def test_what_the_images_are_made_of_is_let_through_and_secrets_are_not(
    document: Mapping[str, Any],
) -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    let_through = {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored
    for name in ("init", "sandbox"):
        recipe = document["services"][name]["build"]["dockerfile_inline"]
        for line in re.findall(r"^COPY (?:--\S+ )?(.*)$", recipe, re.M):
            *copied, _ = line.split()
            assert set(copied) <= let_through
            assert all((ROOT / path).exists() for path in copied)
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


def test_every_command_can_be_run_without_a_container(services: Mapping[str, Service]) -> None:
    for service in services.values():
        assert program(service.image, service.command)


def test_all_parts_of_airflow_have_the_same_settings(document: Mapping[str, Any]) -> None:
    common = document["x-settings"]
    parts = [s for s in document["services"].values() if s["image"] == AIRFLOW]
    assert len(parts) == 8
    for service in parts:
        assert common.items() <= service["environment"].items()


def test_every_setting_is_one_that_airflow_knows(document: Mapping[str, Any]) -> None:
    known = dict(conf.configuration_description)
    if find_spec("airflow.providers.celery"):  # part of the group `cluster`
        info = importlib.import_module("airflow.providers.celery.get_provider_info")
        known |= info.get_provider_info()["config"]
    ours = [name for name in document["x-settings"] if name.startswith("AIRFLOW__")]
    checked = 0
    for name in ours:
        _, section, option = name.lower().split("__")
        if section.startswith("celery") and not find_spec("airflow.providers.celery"):
            continue
        assert option in known[section]["options"], name
        checked += 1
    assert checked > 20


def test_the_log_and_the_dags_are_where_airflow_looks(document: Mapping[str, Any]) -> None:
    common = document["x-settings"]
    for service in document["services"].values():
        if service["image"] == AIRFLOW:
            targets = dict(volume.split(":", 1) for volume in service["volumes"])
            assert targets["logs"] == common["AIRFLOW__LOGGING__BASE_LOG_FOLDER"]
            dags = common["AIRFLOW__CORE__DAGS_FOLDER"]
            assert targets["./example_dags"] == f"{dags}:ro"


def test_every_named_volume_is_declared(
    document: Mapping[str, Any], services: Mapping[str, Service]
) -> None:
    used = {
        volume.source
        for service in services.values()
        for volume in service.volumes
        if not volume.source.startswith(".")
    }
    assert used == set(document["volumes"])


def test_triggerers_share_the_limits(
    services: Mapping[str, Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connections can be used as they are, and all triggerers together stay within a limit."""
    triggerers = [name for name in services if name.startswith("triggerer")]
    for name, value in services["triggerer-1"].environment.items():
        if name.startswith("AIRFLOW_CONN_"):
            monkeypatch.setenv(name, value)
    for hook in (DbtCloudHook(), SegmentHook()):
        assert hook.settings.transport.base_url == "http://sandbox:8585"
        assert hook.settings.share * len(triggerers) <= 1


def test_a_task_that_a_dead_worker_held_comes_back_before_people_notice(
    services: Mapping[str, Service],
) -> None:
    told = services["scheduler"].environment
    assert float(told["AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT"]) <= 120
    assert float(told["AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT"]) <= 300


def test_no_more_tasks_are_queued_than_workers_take(services: Mapping[str, Service]) -> None:
    """Airflow fails a task that waits three times too long in the queue, retries or not."""
    told = services["scheduler"].environment
    workers = sum(name.startswith("worker") for name in services)
    taken = workers * int(told["AIRFLOW__CELERY__WORKER_CONCURRENCY"])
    assert int(told["AIRFLOW__CORE__PARALLELISM"]) <= taken


def test_what_services_say_does_not_fill_the_disk(document: Mapping[str, Any]) -> None:
    for name, service in document["services"].items():
        assert service["logging"]["options"].keys() >= {"max-size", "max-file"}, name


def test_health_checks_leave_airflow_time_to_start(document: Mapping[str, Any]) -> None:
    for name, service in document["services"].items():
        if service["image"] == AIRFLOW and "healthcheck" in service:
            assert seconds(service["healthcheck"]["start_period"]) >= 120, name


@pytest.mark.parametrize("group", ["celery", "fab", "postgres", "redis"])
def test_what_the_image_has_besides_airflow_is_pinned(group: str) -> None:
    pins = (ROOT / "constraints.txt").read_text()
    assert f"\napache-airflow-providers-{group}==" in pins
    groups = (ROOT / "pyproject.toml").read_text()
    assert f'"apache-airflow-providers-{group}>=' in groups


def test_the_file_is_plain_yaml_without_duplicate_keys(text: str) -> None:
    class Strict(yaml.SafeLoader):
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
            keys = [key.value for key, _ in node.value if key.value != "<<"]
            assert len(keys) == len(set(keys)), keys
            return super().construct_mapping(node, deep)

    assert yaml.load(text, Strict)["name"] == "dbtsegment"  # noqa: S506 - a SafeLoader
