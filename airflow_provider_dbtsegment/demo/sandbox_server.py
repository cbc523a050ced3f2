"""The sandbox as a process below this one."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from .component import Component

SHOP = Path(__file__).parent.parent / "sandbox" / "shop"
SERVE = "import sys; from airflow_provider_dbtsegment.sandbox.cli import main; sys.exit(main())"
POLL = 0.05


class SandboxServer:
    """
    Both services with a state folder of their own, on a free port.

    :param state: the folder of its state; it is made anew at every start.
    :param project: the dbt project that it builds; `sandbox.yml` in it says what else there is.
    """

    def __init__(
        self, state: Path, *, env: Mapping[str, str], log: Path, project: Path = SHOP
    ) -> None:
        self.state = state.resolve()
        self.project = project
        arguments = ["--port", "0", "--state", str(self.state), "--project", str(project)]
        self.process = Component(
            "sandbox",
            [sys.executable, "-c", SERVE, "serve", *arguments],
            env=env,
            log=log.resolve(),
            folder=self.state,
            grace=10,
        )

    def launch(self) -> None:
        """Start the server without waiting for it."""
        shutil.rmtree(self.state, ignore_errors=True)
        self.state.mkdir(parents=True)
        self.process.start()

    def wait_ready(self, timeout: float = 60) -> str:
        """Return the server's URL as soon as it answers there."""
        deadline = time.monotonic() + timeout
        told = self.state / "sandbox.json"
        while not told.exists():
            self.process.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"the sandbox did not start within {timeout:.0f} seconds")
            time.sleep(POLL)
        return str(json.loads(told.read_text())["url"])

    def stop(self) -> None:
        """End the server, and with it everything that it started."""
        self.process.stop()

    @cached_property
    def config(self) -> dict[str, Any]:
        """What `sandbox.yml` says."""
        config: dict[str, Any] = yaml.safe_load((self.project / "sandbox.yml").read_text())
        return config

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that dbt builds."""
        return self.state / str(self.config["warehouse"]["database"])

    def connections(self, url: str) -> dict[str, dict[str, str]]:
        """Return the Airflow connections to both services."""
        dbt_cloud, segment = self.config["dbt_cloud"], self.config["segment"]
        return {
            "dbt_cloud_default": {
                "conn_type": "dbt_cloud_admin",
                "host": url,
                "login": str(dbt_cloud["account"]["id"]),
                "password": dbt_cloud["token"],
            },
            "segment_default": {
                "conn_type": "segment_public_api",
                "host": url,
                "password": segment["token"],
            },
        }
