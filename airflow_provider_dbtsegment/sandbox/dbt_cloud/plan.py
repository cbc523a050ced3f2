"""Which steps a run has."""

from pathlib import Path

from airflow_provider_dbtsegment.sandbox.dbt_cloud.catalog import Job
from airflow_provider_dbtsegment.sandbox.dbt_cloud.checkout import has_packages
from airflow_provider_dbtsegment.sandbox.dbt_cloud.records import Run, Step, Trigger
from airflow_provider_dbtsegment.sandbox.dbt_cloud.status import Status

CLONE = "Clone git repository"
PROFILE = "Create profile from connection DuckDB"
DEPS = "dbt deps"
DOCS = "dbt docs generate"
RETRY = "dbt retry"

PlannedStep = tuple[str, str | None]


def plan_run(job: Job, trigger: Trigger, project: Path) -> list[PlannedStep]:
    """Return name and dbt command of each step of a new run."""
    commands = list(trigger.steps_override or job.execute_steps)
    if _generates_docs(job, trigger):
        commands.append(DOCS)
    return _plan(commands, project)


def plan_retry(failed: Run, project: Path) -> list[PlannedStep]:
    """Return the steps of a run that resumes ``failed``: ``dbt retry``, then what was skipped."""
    skipped = [step.command for step in skipped_steps(failed) if step.command is not None]
    return _plan([RETRY, *skipped], project)


def failed_step(run: Run) -> Step | None:
    """Return the step that failed, if one did."""
    return next((step for step in run.steps if step.status is Status.ERROR), None)


def skipped_steps(run: Run) -> list[Step]:
    """Return the steps that were left out after the failed one."""
    return [step for step in run.steps if step.status is Status.SKIPPED]


def _plan(commands: list[str], project: Path) -> list[PlannedStep]:
    if has_packages(project):
        commands = [DEPS, *commands]
    named: list[PlannedStep] = [(f"Invoke dbt with `{command}`", command) for command in commands]
    return [(CLONE, None), (PROFILE, None), *named]


def _generates_docs(job: Job, trigger: Trigger) -> bool:
    if trigger.generate_docs_override is not None:
        return trigger.generate_docs_override
    return job.generate_docs
