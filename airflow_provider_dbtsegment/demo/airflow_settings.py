"""The environment variables that make a small, quiet Airflow of its own."""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .environment import LOOPBACK, child_environment

USER = "admin"
SIMPLE_AUTH_MANAGER = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager"

FAB_BASIC_AUTH = "airflow.providers.fab.auth_manager.api.auth.backend.basic_auth"


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        port: int = listener.getsockname()[1]
        return port


@dataclass(frozen=True)
class Secrets:
    """What the parts of one installation share, and nobody else knows."""

    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    token_key: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    fernet_key: str = field(
        default_factory=lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    )

    def write_password(self, path: Path) -> None:
        """Write the password where Airflow looks for it; only the owner may read the file."""
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            json.dump({USER: self.password}, stream)


@dataclass(frozen=True)
class Settings:
    """Everything that decides about the environment of Airflow's processes."""

    python: Path
    version: tuple[int, ...]
    home: Path
    dags: Path
    database: str
    url: str
    secrets: Secrets
    password_file: Path
    log_ports: tuple[int, int]
    parallelism: int = 2
    pycache: Path | None = None
    """Where compiled Python goes; None leaves that to Python."""

    @property
    def on_sqlite(self) -> bool:
        return self.database.startswith("sqlite")

    @property
    def has_dag_processor(self) -> bool:
        """Whether the DAG processor is a process of its own."""
        return self.version >= (3,) or not self.on_sqlite

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def environment(
        self, connections: Mapping[str, Mapping[str, Any]], extra: Mapping[str, str]
    ) -> dict[str, str]:
        """Return the whole environment: ours, the settings, the connections, the caller's."""
        kept = child_environment(self.pycache) | {"AIRFLOW_HOME": str(self.home)}
        # Airflow 2 starts its tasks with the first `airflow` on the path
        kept["PATH"] = os.pathsep.join([str(self.python.parent), kept.get("PATH", "")])
        named = {
            f"AIRFLOW__{section.upper()}__{option.upper()}": value
            for (section, option), value in self.options().items()
        }
        uris = {f"AIRFLOW_CONN_{name.upper()}": json.dumps(c) for name, c in connections.items()}
        return kept | named | uris | dict(extra)

    def options(self) -> dict[tuple[str, str], str]:
        """Return Airflow's options by section and name."""
        common = {
            ("core", "dags_folder"): str(self.dags),
            ("core", "dags_are_paused_at_creation"): "False",
            ("core", "fernet_key"): self.secrets.fernet_key,
            ("core", "load_examples"): "False",
            ("core", "parallelism"): str(self.parallelism),
            ("core", "plugins_folder"): str(self.home / "plugins"),
            ("core", "test_connection"): "Enabled",
            ("database", "load_default_connections"): "False",
            ("database", "sql_alchemy_conn"): self.database,
            ("logging", "colored_console_log"): "False",
            ("logging", "worker_log_server_port"): str(self.log_ports[0]),
            ("logging", "trigger_log_server_port"): str(self.log_ports[1]),
            ("scheduler", "scheduler_idle_sleep_time"): "0.3",
        }
        return common | (self.options_of_2() if self.version < (3,) else self.options_of_3())

    def options_of_3(self) -> dict[tuple[str, str], str]:
        return {
            ("api", "base_url"): self.url,
            ("api", "host"): LOOPBACK,
            ("api", "port"): str(self.port),
            ("api", "secret_key"): self.secrets.token_key,
            ("api", "workers"): "1",
            ("api_auth", "jwt_secret"): self.secrets.token_key,
            ("core", "auth_manager"): f"{SIMPLE_AUTH_MANAGER}.SimpleAuthManager",
            ("core", "execution_api_server_url"): f"{self.url}/execution/",
            ("core", "executor"): "LocalExecutor",
            ("core", "simple_auth_manager_passwords_file"): str(self.password_file),
            ("core", "simple_auth_manager_users"): f"{USER}:admin",
            ("dag_processor", "min_file_process_interval"): "10",
            ("dag_processor", "refresh_interval"): "10",
            # A worker may notice only after this many seconds that its task has deferred itself.
            # When the task has been resumed by then, the scheduler takes it for failed.
            ("workers", "min_heartbeat_interval"): "1",
        }

    def options_of_2(self) -> dict[tuple[str, str], str]:
        return {
            (
                "api",
                "auth_backends",
            ): FAB_BASIC_AUTH,
            # on SQLite Airflow 2 runs one task at a time, and its scheduler reads the DAG files
            ("core", "executor"): "SequentialExecutor" if self.on_sqlite else "LocalExecutor",
            ("core", "internal_api_secret_key"): self.secrets.token_key,
            ("scheduler", "dag_dir_list_interval"): "10",
            ("scheduler", "min_file_process_interval"): "10",
            ("scheduler", "standalone_dag_processor"): str(not self.on_sqlite),
            ("usage_data_collection", "enabled"): "False",
            ("webserver", "base_url"): self.url,
            ("webserver", "secret_key"): self.secrets.token_key,
            ("webserver", "web_server_host"): LOOPBACK,
            ("webserver", "web_server_port"): str(self.port),
            ("webserver", "workers"): "1",
        }
