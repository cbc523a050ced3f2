"""A dbt Cloud with artifacts of hundreds of megabytes, over https, which it makes as it sends."""

from __future__ import annotations

import gzip
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from airflow_provider_dbtsegment.sandbox.testing import make_tls_files

MB = 1_000_000
CODE = "select customer_id, first_name, email from stg_customers -- {}\n"


class Artifact:
    """
    A JSON document that repeats a part of itself.

    :param head: What it begins with.
    :param part: What is repeated, with a comma before all but the first.
    :param size: How large it is, at least.
    """

    def __init__(self, head: str, part: str, tail: str, size: int, *, zipped: bool = False) -> None:
        times = size // len(part) + 1
        self._pieces = (head + part, "," + part, tail), times
        self.size = len(head) + len(tail) + times * (len(part) + 1) - 1
        self.zipped = zipped
        self.body = gzip.compress(b"".join(self._plain()), 6) if zipped else b""
        self.length = len(self.body) if zipped else self.size

    def _plain(self) -> Iterator[bytes]:
        (first, other, last), times = self._pieces
        return chain([first.encode()], repeat(other.encode(), times - 1), [last.encode()])

    def pieces(self) -> Iterator[bytes]:
        """Yield what goes over the wire."""
        return iter([self.body]) if self.zipped else self._plain()


def node(number: int, kilobytes: int) -> str:
    """Return a node of a manifest, with its code."""
    code = CODE.format(number) * (kilobytes * 1000 // len(CODE))
    path = f"models/marts/model_{number}.sql"
    return f'"model.shop.m{number}": ' + json.dumps(
        {"original_file_path": path, "raw_code": code, "depends_on": {"nodes": ["a", "b"]}}
    )


def result(name: str, status: str, kilobytes: int) -> str:
    """Return a result of a node, with its code."""
    code = CODE.format(name) * (kilobytes * 1000 // len(CODE))
    timing = [{"name": "execute", "started_at": "2026-01-01T00:00:00Z"}] * 2
    return json.dumps(
        {
            "unique_id": f"model.shop.{name}",
            "status": status,
            "message": f"{status} of {name}",
            "timing": timing,
            "compiled_code": code,
        }
    )


ARTIFACTS = {
    "small.json": Artifact("{", '"a": 1', "}", 6),
    "manifest.json": Artifact(f'{{"nodes": {{{node(0, 4)},', node(1, 100), "}}", 200 * MB),
    "zipped.json": Artifact('{"nodes": {', node(1, 100), "}}", 200 * MB, zipped=True),
    "run_results.json": Artifact(
        f'{{"metadata": {{}}, "results": [{result("m0", "error", 4)},',
        result("good", "success", 100),
        "]}",
        100 * MB,
    ),
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        artifact = ARTIFACTS[self.path.split("?")[0].rpartition("/")[2]]
        self.send_response(200)
        self.send_header("Content-Length", str(artifact.length))
        if artifact.zipped:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        try:
            for piece in artifact.pieces():
                self.wfile.write(piece)
        except (ConnectionError, ssl.SSLError):
            self.close_connection = True  # whoever asked has read enough

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def large_artifacts(folder: Path) -> Iterator[tuple[str, Path]]:
    """Serve them; return the address and the certificate of the authority."""
    files = make_tls_files(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}", files.ca
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
