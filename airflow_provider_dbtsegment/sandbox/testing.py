"""For tests: ``with running_sandbox(state=tmp_path) as sandbox: requests.get(sandbox.url + …)``.

Tests that run several sandboxes start dbt once: ``with DbtClient() as dbt:``, and then
``running_sandbox(…, dbt=dbt)``. With ``faults=True``, ``sandbox.faults`` puts faults in the way of
requests and tells what was started. ``tls=make_tls_files(folder)`` gives several sandboxes one
authority.
"""

from airflow_provider_dbtsegment.sandbox.dbt.client import DbtClient
from airflow_provider_dbtsegment.sandbox.faults import (
    Action,
    Fault,
    FaultError,
    Faults,
    Seen,
    Started,
)
from airflow_provider_dbtsegment.sandbox.running import Sandbox, running_sandbox
from airflow_provider_dbtsegment.sandbox.tls import TlsFiles, make_tls_files

__all__ = [
    "Action",
    "DbtClient",
    "Fault",
    "FaultError",
    "Faults",
    "Sandbox",
    "Seen",
    "Started",
    "TlsFiles",
    "make_tls_files",
    "running_sandbox",
]
