"""For tests: ``with running_sandbox(state=tmp_path) as sandbox: requests.get(sandbox.url + …)``.

Tests that run several sandboxes start dbt once: ``with DbtClient() as dbt:``, and then
``running_sandbox(…, dbt=dbt)``.
"""

from airflow_provider_dbtsegment.sandbox.dbt.client import DbtClient
from airflow_provider_dbtsegment.sandbox.running import Sandbox, running_sandbox

__all__ = ["DbtClient", "Sandbox", "running_sandbox"]
