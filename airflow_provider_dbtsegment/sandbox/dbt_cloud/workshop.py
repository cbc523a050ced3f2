"""What every run needs to be executed."""

from dataclasses import dataclass
from pathlib import Path

from airflow_provider_dbtsegment.sandbox.config import WarehouseConfig
from airflow_provider_dbtsegment.sandbox.dbt.client import DbtClient
from airflow_provider_dbtsegment.sandbox.dbt_cloud.checkout import Checkout
from airflow_provider_dbtsegment.sandbox.dbt_cloud.run_folder import RunFolder
from airflow_provider_dbtsegment.sandbox.dbt_cloud.run_store import RunStore
from airflow_provider_dbtsegment.sandbox.warehouse import Warehouse


@dataclass(frozen=True)
class Workshop:
    """The tools that all runs share, and where their things are."""

    store: RunStore
    dbt: DbtClient
    warehouse: Warehouse
    warehouse_config: WarehouseConfig
    account_id: int
    state_dir: Path
    project_dir: Path

    def folder(self, run_id: int) -> RunFolder:
        """Return the folder of a run."""
        return RunFolder(self.state_dir / "runs" / str(run_id))

    def checkout(self, job_id: int) -> Checkout:
        """Return the place where a job's runs work."""
        return Checkout(self.state_dir / "checkouts" / str(job_id))
