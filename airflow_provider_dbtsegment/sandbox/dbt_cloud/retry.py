"""Whether a run can be resumed from its failed step."""

from airflow_provider_dbtsegment.sandbox.dbt_cloud import commands
from airflow_provider_dbtsegment.sandbox.dbt_cloud.plan import failed_step
from airflow_provider_dbtsegment.sandbox.dbt_cloud.records import Run
from airflow_provider_dbtsegment.sandbox.dbt_cloud.run_folder import RunFolder
from airflow_provider_dbtsegment.sandbox.dbt_cloud.status import Status

NOT_FAILED = "RETRY_NOT_FAILED_RUN"
NOT_LATEST = "RETRY_NOT_LATEST_RUN"
NO_RUN_RESULTS = "RETRY_NO_RUN_RESULTS"
UNSUPPORTED_CMD = "RETRY_UNSUPPORTED_CMD"


def why_not(run: Run, newest: Run | None, folder: RunFolder) -> str | None:
    """Return the reason why a run cannot be retried; None when it can.

    :param newest: the newest run of the same job.
    """
    if run.status is not Status.ERROR:
        return NOT_FAILED
    if newest is not None and newest.id != run.id:
        return NOT_LATEST
    step = failed_step(run)
    if step is None or step.command is None:
        return NO_RUN_RESULTS
    if commands.verb(step.command) not in commands.RETRYABLE:
        return UNSUPPORTED_CMD
    # An older file is what an earlier step of the run has left.
    if not folder.left_by(step.index, folder.artifacts(step.index) / "run_results.json"):
        return NO_RUN_RESULTS
    return None
