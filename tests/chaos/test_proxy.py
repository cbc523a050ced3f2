"""The forward proxy: it leads to the services, and ends connections as they do."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import requests
import urllib3

from airflow_provider_dbtsegment.sandbox.testing import (
    DbtClient,
    Fault,
    make_tls_files,
    running_sandbox,
)
from tests.chaos.proxy import HOST, forward_proxy


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("action", "reason"), [("drop_after", "closed connection"), ("reset_after", "reset by peer")]
)
def test_a_connection_ends_behind_the_proxy_as_in_front_of_it(
    tmp_path: Path, scheme: str, action: str, reason: str
) -> None:
    tls = make_tls_files(tmp_path / "tls", [HOST]) if scheme == "https" else False
    project = Path(__file__).parent / "project"
    state = tmp_path / "state"
    with running_sandbox(state, project, tls=tls, dbt=DbtClient(), faults=True) as sandbox:
        port = sandbox.url.rpartition(":")[2]
        with forward_proxy(int(port)) as proxy:
            session = requests.Session()
            session.trust_env = False
            session.proxies = {scheme: proxy}
            session.verify = str(tls.ca) if tls else True
            session.headers["Authorization"] = f"Token {sandbox.dbt_token}"
            url = f"{scheme}://{HOST}:{port}/api/v2/accounts/1"

            def start() -> requests.Response:
                return session.post(f"{url}/jobs/1/run/", json={"cause": "Test"}, timeout=10)

            assert sandbox.faults is not None
            # Two on one connection, so that not only its first request is led on.
            assert [start().status_code, start().status_code] == [200, 200]
            sandbox.faults.add(Fault(r"POST .*/run/", action))
            with pytest.raises(requests.ConnectionError) as failed:
                start()
            # Over TLS, OpenSSL tells of a reset as of a closed connection.
            assert reason in str(failed.value) or (tls and "closed connection" in str(failed.value))
            assert len(sandbox.faults.ledger()) == 3
            assert session.get(f"{url}/runs/", timeout=10).json()["data"][-1]["id"] == 3


def test_nobody_but_the_proxy_knows_the_host(tmp_path: Path) -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo(HOST, 443)


def test_a_proxy_that_is_gone_refuses(tmp_path: Path) -> None:
    with forward_proxy(9) as proxy:
        pass
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.ProxyManager(proxy, retries=False).request("GET", f"http://{HOST}/", timeout=3)
