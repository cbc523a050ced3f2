"""The Test button where nothing is wrong, and where the way to the service is."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from airflow_provider_dbtsegment.sandbox.testing import Sandbox, make_tls_files
from tests.hooks.conftest import Connect, Press
from tests.scripted_server import Reply, ScriptedServer

NOWHERE = "ab1.us1.dbt.com.invalid"
CHECK_HOST = r"Check the access URL \(host\): dbt Cloud shows it under Account settings"


@contextmanager
def listening(backlog: int = 8) -> Iterator[socket.socket]:
    """A host that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=backlog) as listener:
        yield listener


def address(listener: socket.socket) -> str:
    return f"127.0.0.1:{listener.getsockname()[1]}"


def test_it_says_which_account_was_reached(
    dbt_cloud_with: Connect, press: Press, sandbox: Sandbox
) -> None:
    hook = dbt_cloud_with(
        host=sandbox.url, login=str(sandbox.account_id), password=sandbox.dbt_token
    )
    assert press(hook) == (True, f"Reached the account Tests (1) of {sandbox.url}.")


def test_it_says_which_workspace_was_reached(
    segment_with: Connect, press: Press, sandbox: Sandbox
) -> None:
    hook = segment_with(host=sandbox.url, password=sandbox.segment_token)
    assert press(hook) == (True, f"Reached the workspace Sandbox at {sandbox.url}.")


def test_443_in_the_port_field_changes_nothing(
    dbt_cloud_with: Connect, press: Press, sandbox: Sandbox
) -> None:
    hook = dbt_cloud_with(host=sandbox.url, login="1", password=sandbox.dbt_token, port=443)
    assert press(hook)[0]


def test_a_name_that_is_not_known(dbt_cloud_with: Connect, press: Press) -> None:
    reached, says = press(dbt_cloud_with(host=NOWHERE))
    assert not reached
    assert re.match(rf"The name in https://{NOWHERE} is not known \(.*\)\. {CHECK_HOST}", says)
    assert "Airflow's machine has no way there: a firewall, or a proxy is needed." in says


def test_a_name_look_up_that_hangs(
    dbt_cloud_with: Connect, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def look_up(*args: object, **kwargs: object) -> object:
        over.wait(30)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    reached, says = press(dbt_cloud_with())
    over.set()
    assert not reached
    assert says.startswith("Nothing was heard of https://ab1.us1.dbt.com within 3.5 s. Check the")


def test_nobody_listens(dbt_cloud_with: Connect, press: Press) -> None:
    reached, says = press(dbt_cloud_with(host="http://127.0.0.1:1"))
    assert not reached
    assert re.match(rf"http://127\.0\.0\.1:1 cannot be reached: .*refused\)\. {CHECK_HOST}", says)


def test_packets_vanish(dbt_cloud_with: Connect, press: Press) -> None:
    with listening(backlog=0) as listener:
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            with suppress(BlockingIOError):
                filler.connect(listener.getsockname())
        host = f"http://{address(listener)}"
        reached, says = press(dbt_cloud_with(host=host))
        for filler in fillers:
            filler.close()
    assert not reached
    assert says.startswith(f"{host} cannot be reached: could not connect (timed out)")


def test_a_host_accepts_and_says_nothing(
    dbt_cloud_with: Connect, segment_with: Connect, press: Press
) -> None:
    with listening() as listener:
        host = f"http://{address(listener)}"
        hooks = {"dbt Cloud": dbt_cloud_with(host=host), "Segment": segment_with(host=host)}
        for service, hook in hooks.items():
            reached, says = press(hook)
            assert not reached
            assert says.startswith(
                f"{host} gives no answer of {service} (no answer (timed out)). Check the"
            )


def test_a_host_answers_byte_by_byte(
    dbt_cloud_with: Connect, press: Press, server: ScriptedServer
) -> None:
    server.script(Reply(body='{"data": {}}' + " " * 100, drip=0.1))
    reached, says = press(dbt_cloud_with(host=server.url))
    assert not reached
    # Whichever limit is noticed first: the one of the answer, or the one of the whole check.
    of_all = f"Nothing was heard of {server.url} within 3.5 s."
    of_answer = f"{server.url} gives no answer of dbt Cloud (no answer (it took longer than 3.5 s))"
    assert says.startswith((of_all, of_answer))


def test_a_certificate_is_not_trusted(
    dbt_cloud_with: Connect, press: Press, tmp_path: Path
) -> None:
    files = make_tls_files(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        host = f"https://127.0.0.1:{server.server_port}"
        reached, says = press(dbt_cloud_with(host=host))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert not reached
    assert says.startswith(f"{host}: the certificate is not trusted")
    assert "Set REQUESTS_CA_BUNDLE" in says


def test_https_where_http_is_spoken(
    dbt_cloud_with: Connect, press: Press, server: ScriptedServer
) -> None:
    host = server.url.replace("http://", "https://")
    reached, says = press(dbt_cloud_with(host=host))
    assert not reached
    assert says.startswith(f"{host} does not speak TLS: no TLS connection (SSLError")


def test_plain_http_is_refused(dbt_cloud_with: Connect, press: Press) -> None:
    reached, says = press(dbt_cloud_with(host="http://ab1.us1.dbt.com"))
    assert not reached
    assert says.startswith("http://ab1.us1.dbt.com would send the token unencrypted. Use https://")


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_proxy_cannot_be_reached(scheme: str, dbt_cloud_with: Connect, press: Press) -> None:
    extra = {"proxy": "http://me:secret@127.0.0.1:1", "allow_plain_http": True}
    reached, says = press(dbt_cloud_with(host=f"{scheme}://{NOWHERE}", extra=extra))
    assert not reached
    way = f"{scheme}://{NOWHERE} through the proxy http://127.0.0.1:1"
    assert says.startswith(f"There is no way to {way}: ")
    assert says.endswith("or HTTPS_PROXY in Airflow's environment.")
    assert "secret" not in says


def test_a_proxy_says_nothing(dbt_cloud_with: Connect, press: Press) -> None:
    with listening() as listener:
        proxy = address(listener)
        reached, says = press(dbt_cloud_with(host=NOWHERE, extra={"proxy": proxy}))
    assert not reached
    assert f"through the proxy http://{proxy}" in says
    assert "Correct the proxy of the connection" in says


@pytest.mark.parametrize("proxy", ["ftp://proxy:1", "http://proxy:many", "http://", "a b"])
def test_a_proxy_is_none(proxy: str, dbt_cloud_with: Connect, press: Press) -> None:
    reached, says = press(dbt_cloud_with(extra={"proxy": proxy}))
    assert not reached
    assert says.startswith(
        f"The proxy {proxy.removesuffix(':many').removesuffix(' b')!r} is not one"
    )
    assert "Write it like http://proxy.example.com:3128" in says
