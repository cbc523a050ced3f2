"""Faults over TLS, many sandboxes in one process, clients that leave, and an end in good order."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dbtsegment.sandbox.testing import (
    DbtClient,
    Fault,
    make_tls_files,
    running_sandbox,
)
from tests.conftest import TINY
from tests.sandbox.conftest import wait_for
from tests.sandbox.faults.conftest import RUN, Client, view

MANY = 6


def test_many_sandboxes_share_one_authority_and_nothing_else(
    tmp_path: Path, no_dbt: DbtClient
) -> None:
    """A client process has one bundle of authorities; each sandbox has faults of its own."""
    files = make_tls_files(tmp_path / "tls")
    with ExitStack() as stack:
        clients = [
            Client(
                stack.enter_context(
                    running_sandbox(
                        tmp_path / str(number), TINY, tls=files, dbt=no_dbt, faults=True
                    )
                )
            )
            for number in range(MANY)
        ]
        assert {client.sandbox.ca for client in clients} == {files.ca}
        # OpenSSL tells its callers of a reset as of an end.
        no_answer = "closed connection without response"
        for number, (action, seen, starts) in enumerate(
            [
                ("reset_before", no_answer, 0),
                ("drop_after", no_answer, 1),
                ("reset_after", no_answer, 1),
                ("half", "half a body", 1),
                ("wrong_json", "200 no JSON", 1),
                ("answer", "500 JSON", 0),
            ]
        ):
            client = clients[number]
            client.faults.add(Fault(RUN, action))
            assert view(client.start_run) == seen
            assert len(client.started) == starts
        assert [len(client.faults.requests()) for client in clients] == [1] * MANY


def test_a_reset_over_tls_is_one_on_the_wire(tmp_path: Path, no_dbt: DbtClient) -> None:
    with running_sandbox(tmp_path, TINY, tls=True, dbt=no_dbt, faults=True) as sandbox:
        client = Client(sandbox)
        client.faults.add(Fault(".", "reset_before"))
        upstream = ("127.0.0.1", int(sandbox.url.rpartition(":")[2]))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            errors: list[OSError] = []
            relay = threading.Thread(target=_relay, args=(listener, upstream, errors))
            relay.start()
            url = f"https://127.0.0.1:{listener.getsockname()[1]}"
            through = Client(type(sandbox)(url, sandbox.config, sandbox.state, sandbox.ca))
            with pytest.raises(OSError, match="onnection"):
                through.call("GET", "/jobs/")
            relay.join()
        assert [type(error) for error in errors] == [ConnectionResetError]


def _relay(listener: socket.socket, upstream: tuple[str, int], errors: list[OSError]) -> None:
    """Pass on one connection, and note how the server ends it."""
    down, _ = listener.accept()
    up = socket.create_connection(upstream)

    def forth() -> None:
        with suppress(OSError):
            while data := down.recv(65536):
                up.sendall(data)

    thread = threading.Thread(target=forth)
    thread.start()
    with up, down:
        try:
            while data := up.recv(65536):
                down.sendall(data)
        except OSError as error:
            errors.append(error)
        down.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("how", ["closes", "resets"])
def test_who_leaves_at_once_is_served_all_the_same(client: Client, how: str) -> None:
    """What a client has asked for in full is done, whether or not it stays for the answer."""
    body = b'{"cause": "Gone"}'
    head = (
        f"POST /api/v2/accounts/1/jobs/1/run/ HTTP/1.1\r\nHost: here\r\n"
        f"Authorization: Token {client.sandbox.dbt_token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    address = ("127.0.0.1", int(client.sandbox.url.rpartition(":")[2]))
    for number in range(20):
        with socket.create_connection(address) as connection:
            if how == "resets":
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                connection.sendall(head.encode() + body)
                # What a reset overtakes on its way was never received.
                wait_for(lambda number=number: len(client.started) == number + 1)
            else:
                connection.sendall(head.encode() + body)
    wait_for(lambda: len(client.started) == 20)


def test_a_request_without_its_end_is_not_processed(client: Client) -> None:
    head = (
        f"POST /api/v2/accounts/1/jobs/1/run/?cut=1 HTTP/1.1\r\nHost: here\r\n"
        f"Authorization: Token {client.sandbox.dbt_token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: 40\r\n\r\n"
    )
    address = ("127.0.0.1", int(client.sandbox.url.rpartition(":")[2]))
    with socket.create_connection(address) as connection:
        connection.sendall(head.encode() + b'{"cause": ')

    def seen() -> list[Any]:
        # The newest request may still be one of an earlier test, whose client left at once.
        return [one for one in client.faults.requests() if "cut=1" in one.path]

    wait_for(lambda: bool(seen()) and seen()[0].ending == "gone")
    assert (seen()[0].processed, client.started) == (False, [])


def test_the_end_waits_for_no_fault(tmp_path: Path, no_dbt: DbtClient) -> None:
    """A sandbox that ends lets go of those whom it holds."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(running_sandbox(tmp_path, TINY, dbt=no_dbt, faults=True))
        client = Client(sandbox)
        client.faults.add_all(
            [Fault(".", "hold_before", seconds=60), Fault(".", "late", seconds=60)]
        )
        seen: list[str] = []
        threads = [
            threading.Thread(target=lambda: seen.append(view(client.start_run))) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(client.started) == 1 and len(client.faults.requests()) == 2)
        before = time.monotonic()
        stack.close()
        for thread in threads:
            thread.join()
        assert time.monotonic() - before < 2.5
    assert sorted(seen) == ["200 JSON", "closed connection without response"]


def test_sandboxes_come_and_go_without_a_trace(
    tmp_path: Path, no_dbt: DbtClient, tell: Callable[[str], None]
) -> None:
    """No thread, no file and no port stays behind; the time of one is told."""

    def one(number: int) -> float:
        before = time.monotonic()
        with running_sandbox(tmp_path / str(number), TINY, dbt=no_dbt, faults=True) as sandbox:
            took = time.monotonic() - before
            client = Client(sandbox)
            client.faults.add(Fault(RUN, "drop_after"))
            assert view(client.start_run) == "closed connection without response"
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2])))
        return took

    one(0)
    before = _held()
    took = [one(number) for number in range(1, 5)]
    wait_for(lambda: _held() <= before)
    tell(f"A sandbox with faults is up after {1000 * sorted(took)[len(took) // 2]:.0f} ms.")
    assert min(took) < 0.5


def _held() -> tuple[int, int]:
    return threading.active_count(), len(os.listdir("/proc/self/fd"))
