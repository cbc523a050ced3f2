"""The sandbox as a process: how it starts, what it says, and that it leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from airflow_provider_dbtsegment.sandbox.config import load_config
from airflow_provider_dbtsegment.sandbox.server import ServerError
from airflow_provider_dbtsegment.sandbox.state import StateError
from airflow_provider_dbtsegment.sandbox.testing import DbtClient, Sandbox, running_sandbox
from tests.sandbox.conftest import WORKBENCH, Caller, wait_for

CLI = [sys.executable, "-m", "airflow_provider_dbtsegment.sandbox.cli"]


@contextmanager
def served(state: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Serve the workbench from a process; give it, and what its ``sandbox.json`` says."""
    arguments = ["serve", "--port", "0", "--state", str(state), "--project", str(WORKBENCH)]
    with subprocess.Popen(
        [*CLI, *arguments, *options], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            sign = state / "sandbox.json"
            wait_for(lambda: sign.exists() or process.poll() is not None)
            yield process, json.loads(sign.read_text())
        finally:
            process.kill()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]


def test_nothing_outlives_the_sandbox_and_it_finds_its_runs_again(
    tmp_path: Path, dbt: DbtClient
) -> None:
    """Stopped or killed, its dbt processes end with it; the next one loads what was."""
    stopped, killed = tmp_path / "stopped", tmp_path / "killed"
    with served(stopped) as one, served(killed) as other:
        for state, (process, told), ending in (
            (stopped, one, signal.SIGTERM),
            (killed, other, signal.SIGKILL),
        ):
            caller = Caller(Sandbox(told["url"], load_config(WORKBENCH), state, None))
            assert told["pid"] == process.pid
            pids = state / "pids.json"
            done = caller.run(7001)
            sleeping = caller.start(7000, f"dbt run --select sleeper --vars '{{pids: {pids}}}'")
            queued = caller.start(7000)
            wait_for(pids.exists)
            caller.post("/projects/", name="Made a moment ago")

            process.send_signal(ending)
            assert process.wait(30) == (0 if ending is signal.SIGTERM else -ending)

            for pid in json.loads(pids.read_text()):
                wait_for(lambda pid=pid: not is_alive(pid))
            # Who is killed cannot tidy up; the next one does.
            assert (state / "sandbox.json").exists() == (ending is signal.SIGKILL)
            assert process.stdout is not None
            said = process.stdout.read()
            assert f"Access URL   {told['url']}" in said
            assert "account 7, token workbench-token" in said
            assert "Job 7000     Build one: dbt run --select one" in said
            check_what_is_found_again(state, dbt, done, sleeping, queued)


def check_what_is_found_again(
    state: Path,
    dbt: DbtClient,
    done: dict[str, Any],
    sleeping: dict[str, Any],
    queued: dict[str, Any],
) -> None:
    with running_sandbox(state, WORKBENCH, dbt=dbt) as sandbox:
        caller = Caller(sandbox)
        loaded = caller.get(f"/runs/{done['id']}/", include_related="run_steps")
        assert (loaded["status"], loaded["finished_at"]) == (10, done["finished_at"])
        assert loaded["run_steps"][2]["logs"] == done["run_steps"][2]["logs"]
        for run in (sleeping, queued):
            interrupted = caller.get(f"/runs/{run['id']}/")
            assert interrupted["status"] == 20
            assert interrupted["status_message"] == "The sandbox ended while this run was active."
        assert caller.start(7001)["id"] == queued["id"] + 1
        assert len(caller.get("/projects/", name="Made a moment ago")) == 1


def test_who_warmed_up_for_a_killed_sandbox_ends_quietly() -> None:
    """Nobody is left to be told that dbt is warm."""
    serve = "from airflow_provider_dbtsegment.sandbox.dbt.fork_server import ForkServer as Server\n"
    serve += "input()\nServer(1).serve()"
    with subprocess.Popen(
        [sys.executable, "-c", serve],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stderr is not None
        server.stdout.close()
        server.stdin.write(b"go\n")
        server.stdin.flush()
        assert server.wait(30) == 0
        assert server.stderr.read() == b""


def test_it_serves_https_with_a_certificate_of_its_own(tmp_path: Path, dbt: DbtClient) -> None:
    """Who trusts the authority in ``ca`` can call it by name and by address; others cannot."""
    with running_sandbox(tmp_path, WORKBENCH, tls=True, dbt=dbt) as sandbox:
        assert sandbox.ca is not None
        assert sandbox.url.startswith("https://127.0.0.1:")
        for url in (sandbox.url, sandbox.url.replace("127.0.0.1", "localhost")):
            assert (
                requests.get(f"{url}/api/", verify=str(sandbox.ca), timeout=10).status_code == 401
            )
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(f"{sandbox.url}/api/", timeout=10)
        assert json.loads((tmp_path / "sandbox.json").read_text())["ca"] == str(sandbox.ca)
        assert oct((tmp_path / "tls" / "server.key").stat().st_mode & 0o777) == "0o600"


def test_one_state_folder_and_one_port_serve_one_sandbox(tmp_path: Path, dbt: DbtClient) -> None:
    """A second sandbox is told what to do instead."""
    with running_sandbox(tmp_path / "a", WORKBENCH, dbt=dbt) as sandbox:
        with (
            pytest.raises(StateError, match="give --state another folder"),
            running_sandbox(tmp_path / "a", WORKBENCH, dbt=dbt),
        ):
            pass
        port = int(sandbox.url.rpartition(":")[2])
        with (
            pytest.raises(ServerError, match="Give --port another number"),
            running_sandbox(tmp_path / "b", WORKBENCH, port=port, dbt=dbt),
        ):
            pass


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", "0.0.0.0"], "Add --allow-remote if that is meant"),  # noqa: S104
        (["--project", "/nowhere"], "Point --project to the folder of a dbt project"),
        (["--config", "/nowhere.yml"], "/nowhere.yml: cannot be read"),
        (["--port", "99999"], "'99999' is no port; use a number from 0 to 65535"),
        (["--port", "-1"], "'-1' is no port"),
    ],
)
def test_wrong_options_are_told(tmp_path: Path, options: list[str], words: str) -> None:
    """The command ends with code 2 and a sentence, not with a traceback."""
    ended = subprocess.run(
        [*CLI, "serve", "--state", str(tmp_path), *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
