"""Delivery to an address of this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class Receiver(ThreadingHTTPServer):
    """Accepts records, but the ids in ``answers`` get another status."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[dict[str, Any]] = []
        self.answers: dict[str, int] = {}
        self.busy = 0
        self.busiest = 0
        self.lock = threading.Lock()
        self.hold = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        record = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        with server.lock:
            server.received.append(record)
            server.busy += 1
            server.busiest = max(server.busiest, server.busy)
        status = server.answers.get(record["id"], 204)
        if status == 0:
            server.hold.wait(5)
        with server.lock:
            server.busy -= 1
        self.send_response(status or 204)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        body = b"" if status in (0, 204) else b"I do not like it"
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.hold.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def section(section: dict[str, Any], receiver: Receiver) -> dict[str, Any]:
    section["destinations"].append(
        {
            "id": "hook",
            "type": "webhook",
            "url": f"http://127.0.0.1:{receiver.server_port}/records",
            "concurrency": 4,
            "timeout_seconds": 0.5,
        }
    )
    section["mappings"].append({"id": "to_hook", "model_id": "customers", "destination": "hook"})
    return section


def test_each_row_is_posted(server: Any, receiver: Receiver) -> None:
    status = server.sync("to_hook")
    assert status["syncStatus"] == "SUCCESS"
    records = sorted(receiver.received, key=lambda record: str(record["id"]))
    assert [record["operation"] for record in records] == ["added"] * 3
    assert records[0]["row"] == {"id": 1, "name": "Ada", "email": "ada@x.org"}
    assert records[0]["subscription_id"] == "to_hook"


def test_anything_but_2xx_refuses_and_is_posted_again(server: Any, receiver: Receiver) -> None:
    receiver.answers = {"1": 422, "2": 302}
    status = server.sync("to_hook")
    assert status["syncStatus"] == "PARTIAL_SUCCESS"
    assert status["loadPhase"]["deliverFailureCount"] == "2"
    assert "1: HTTP 422: I do not like it" in status["error"]
    assert len(receiver.received) == 3  # the redirect was not followed

    receiver.answers = {}
    receiver.received.clear()
    assert server.sync("to_hook")["extractPhase"]["addedCount"] == "2"
    assert {record["id"] for record in receiver.received} == {"1", "2"}


def test_answer_that_comes_too_late_refuses(server: Any, receiver: Receiver) -> None:
    receiver.answers = {"2": 0}
    status = server.sync("to_hook")
    assert status["syncStatus"] == "PARTIAL_SUCCESS"
    assert "2: ReadTimeout" in status["error"]


def test_nobody_at_home_fails(server: Any, receiver: Receiver) -> None:
    receiver.shutdown()
    receiver.server_close()
    status = server.sync("to_hook")
    assert (status["syncStatus"], status["errorCode"]) == ("FAIL", "AllRecordsRefused")
    assert "ConnectionError" in status["error"]


def test_posts_are_bounded(server: Any, receiver: Receiver) -> None:
    server.query("SELECT range AS id FROM range(100)")
    assert server.sync("to_hook")["loadPhase"]["deliverSuccessCount"] == "100"
    assert 1 <= receiver.busiest <= 4
