"""A sandbox that serves for the length of a block: the one way to run it, in tests and for real."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from airflow_provider_dbtsegment.sandbox.app import create_app
from airflow_provider_dbtsegment.sandbox.config import Config, load_config
from airflow_provider_dbtsegment.sandbox.dbt.client import DbtClient
from airflow_provider_dbtsegment.sandbox.faults.faults import Faults
from airflow_provider_dbtsegment.sandbox.faults.machine import CONTROL, FaultMachine
from airflow_provider_dbtsegment.sandbox.segment.destinations.held import (
    held_rows,
    jsonl_file,
    records,
)
from airflow_provider_dbtsegment.sandbox.server import serving
from airflow_provider_dbtsegment.sandbox.state import claim, sign
from airflow_provider_dbtsegment.sandbox.tls import TlsFiles, make_tls_files

SHOP = Path(__file__).parent / "shop"


@dataclass(frozen=True)
class Sandbox:
    """How a running sandbox is reached.

    :param ca: the authority to trust when it serves https.
    :param faults: its fault machine, when it has one.
    """

    url: str
    config: Config
    state: Path
    ca: Path | None
    faults: Faults | None = None

    @property
    def dbt_token(self) -> str:
        """The token of the dbt Cloud side."""
        return self.config.dbt_cloud.token

    @property
    def account_id(self) -> int:
        """The dbt Cloud account."""
        return self.config.dbt_cloud.account.id

    @property
    def segment_token(self) -> str | None:
        """The token of the Segment side; None when no ``segment`` section names one."""
        token = self.config.segment.get("token")
        return None if token is None else str(token)

    @property
    def connections(self) -> dict[str, dict[str, str]]:
        """The Airflow connections to both services, by their ids."""
        found = {
            "dbt_cloud_default": {
                "conn_type": "dbt_cloud_admin",
                "host": self.url,
                "login": str(self.account_id),
                "password": self.dbt_token,
            }
        }
        if self.segment_token is not None:
            found["segment_default"] = {
                "conn_type": "segment_public_api",
                "host": self.url,
                "password": self.segment_token,
            }
        return found

    def delivered(self, mapping_id: str) -> dict[str, dict[str, Any]]:
        """Return the rows that the destination of a mapping holds, by their id.

        :raises LookupError: when there is no such mapping into a JSON-lines file.
        """
        file = self.state / jsonl_file(self.config.segment, mapping_id)
        return held_rows(records(file, mapping_id))

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that dbt writes."""
        return self.state / self.config.warehouse.database


@contextmanager
def running_sandbox(
    state: Path,
    project: Path = SHOP,
    config: Path | Config | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: bool | TlsFiles = False,
    dbt: DbtClient | None = None,
    faults: bool = False,
) -> Iterator[Sandbox]:
    """Serve a sandbox from a thread of this process.

    :param state: the folder of its state; runs that it holds already are loaded.
    :param project: the dbt project to build.
    :param config: a ``sandbox.yml`` or what one says; by default the project's.
    :param port: 0 picks a free one.
    :param tls: serve https with a certificate made for this machine, or with one made before:
        sandboxes that share it share the authority that a client has to trust.
    :param dbt: share this started client, which saves the seconds that dbt takes to warm up.
    :param faults: let faults be put in the way of requests, and note all requests and starts.
    :raises ConfigError: when the configuration cannot be used.
    :raises StateError: when another sandbox uses the state folder.
    :raises ServerError: when the port is taken.
    """
    state = state.resolve()
    if not isinstance(config, Config):
        config = load_config(project, config)
    with claim(state):
        files = make_tls_files(state / "tls") if tls is True else tls or None
        machine = Faults(state) if faults else None
        app: ASGIApp = create_app(config, state, project, dbt, machine)
        with ExitStack() as stack:
            if machine is not None:
                app = FaultMachine(app, machine)
            url = stack.enter_context(serving(app, host, port, files, breakable=faults))
            if isinstance(app, FaultMachine):
                stack.enter_context(closing(app))
            sandbox = Sandbox(url, config, state, files.ca if files else None, machine)
            stack.enter_context(sign(state, _about(sandbox)))
            yield sandbox


def _about(sandbox: Sandbox) -> dict[str, object]:
    return {
        "url": sandbox.url,
        "pid": os.getpid(),
        "ca": str(sandbox.ca) if sandbox.ca else None,
        "warehouse": str(sandbox.warehouse),
        "control": f"{sandbox.url}{CONTROL}" if sandbox.faults is not None else None,
        "dbt_cloud": {"account_id": sandbox.account_id, "token": sandbox.dbt_token},
        "segment": {"token": sandbox.segment_token},
    }
