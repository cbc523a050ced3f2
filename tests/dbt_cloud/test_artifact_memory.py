"""Artifacts of hundreds of megabytes in next to no memory, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dbt_cloud.large_artifacts import ARTIFACTS, large_artifacts

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="Linux alone tells the peak of a part."
)

#: Bytes.
EXTRA = 16 * 1024 * 1024

CHILD = """
import json, re, sys, time
from pathlib import Path
from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi, DbtCloudSettings
from airflow_provider_dbtsegment.dbt_cloud.summary import summarize
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.transport import TransportSettings

def memory(name):
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{name}:\\s+(\\d+) kB", status)[1]) * 1024

url, path, target = sys.argv[1:]
api = DbtCloudApi(DbtCloudSettings(TransportSettings(url, TokenAuth("t")), account_id=1))

def place(name):
    if target != "a storage":
        return Path(target, name)
    from fsspec.implementations.dirfs import DirFileSystem
    from fsspec.implementations.local import LocalFileSystem
    class Stored:
        fs, protocol, path = DirFileSystem("kept", LocalFileSystem()), "folder", name
    return Stored()

def work(path, name):
    if path != "run_results.json":
        return api.download_run_artifact(1, path, place(name))
    step = {"index": 1, "name": "Invoke dbt with `dbt build`", "status": 20}
    return summarize(api, {"id": 1, "status": 20, "run_steps": [step]})

# What every process loads once: sockets and certificates.
work("small.json", "small")
Path("/proc/self/clear_refs").write_text("5")
before, began = memory("VmRSS"), time.monotonic()
done = work(path, "large")
extra = memory("VmHWM") - before
print(json.dumps({"done": done, "extra": extra, "seconds": time.monotonic() - began}))
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    with large_artifacts(tmp_path_factory.mktemp("tls")) as service:
        yield service


def measured(service: tuple[str, Path], path: str, target: str, folder: Path) -> Any:
    (folder / "kept").mkdir()
    url, ca = service
    child = subprocess.run(
        [sys.executable, "-c", CHILD, url, path, target],
        cwd=folder,
        env={**os.environ, "REQUESTS_CA_BUNDLE": str(ca), "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert child.returncode == 0, child.stderr
    return json.loads(child.stdout)


@pytest.mark.parametrize("target", ["kept", "a storage"])
@pytest.mark.parametrize("path", ["manifest.json", "zipped.json"])
def test_a_manifest_of_200_mb_is_kept_in_next_to_no_memory(
    path: str,
    target: str,
    service: tuple[str, Path],
    tmp_path: Path,
    tell: Callable[[str], None],
) -> None:
    found = measured(service, path, target, tmp_path)
    assert found["done"] == ARTIFACTS[path].size > 200_000_000
    assert (tmp_path / "kept" / "large").stat().st_size == found["done"]
    tell(f"{path} to {target}: {found['extra'] / 1e6:.1f} MB in {found['seconds']:.1f} s")
    assert found["extra"] < EXTRA


def test_results_of_100_mb_are_summed_up_in_next_to_no_memory(
    service: tuple[str, Path], tmp_path: Path, tell: Callable[[str], None]
) -> None:
    found = measured(service, "run_results.json", "kept", tmp_path)
    assert found["done"]["nodes"] == {"error": 1, "success": 1}
    (failed,) = found["done"]["failed_nodes"]
    assert (failed["message"], failed["path"]) == ("error of m0", "models/marts/model_0.sql")
    tell(f"Results of 100 MB: {found['extra'] / 1e6:.1f} MB in {found['seconds']:.1f} s")
    assert found["extra"] < EXTRA
