"""Run dbt Cloud jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dbtsegment.compat import BaseOperator, conf
from airflow_provider_dbtsegment.exceptions import (
    ConfigurationError,
    NotFoundError,
    RunCancelledError,
)
from airflow_provider_dbtsegment.links.dbt_cloud import DbtCloudDocsLink, DbtCloudRunLink
from airflow_provider_dbtsegment.tasks.arguments import (
    Check,
    optional_count,
    optional_flag,
    optional_int,
    optional_seconds,
    optional_text,
    optional_texts,
    required_int,
    required_seconds,
    required_text,
    switch,
)
from airflow_provider_dbtsegment.tasks.dbt_cloud import DbtCloudWaiting
from airflow_provider_dbtsegment.tasks.launching import CANCEL_ATTEMPTS, Launching

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg

    from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook

#: What the request to start a run can override, and how it is checked.
OVERRIDES: dict[str, Check] = {
    "git_sha": optional_text,
    "git_branch": optional_text,
    "azure_pull_request_id": optional_int,
    "github_pull_request_id": optional_int,
    "gitlab_merge_request_id": optional_int,
    "non_native_pull_request_id": optional_int,
    "schema_override": optional_text,
    "dbt_version_override": optional_text,
    "threads_override": optional_int,
    "target_name_override": optional_text,
    "generate_docs_override": optional_flag,
    "timeout_seconds_override": optional_count,
    "steps_override": optional_texts,
}
#: The other way to say which job it is.
NAMES = ("project_name", "environment_name", "job_name")


class TriggerDbtJobOperator(DbtCloudWaiting, Launching, BaseOperator):
    """
    Run a dbt Cloud job: started once for a task run, whatever dies in between.

    The job is given by its id, or by the names of project, environment and job. The task returns
    the run's id. It pushes the XComs ``run_id``, ``run_url`` and, if the run makes documentation,
    ``docs_url`` straight after the start and ``run_summary`` at the end, and its log says which
    models and tests failed and why.
    https://docs.getdbt.com/dbt-cloud/api-v2#/operations/Trigger%20Job%20Run

    :param dbt_cloud_conn_id: The connection.
    :param job_id: The job; the other way to say which one are the three names.
    :param project_name: The project of ``job_name``.
    :param environment_name: The environment of ``job_name`` within the project.
    :param job_name: The name of the job, which must be the only one of this name there.
    :param account_id: The account; by default the one of the connection.
    :param cause: Why the run is started; by default it names the task. A mark is added to it.
    :param git_sha: The commit to check out.
    :param git_branch: The branch to check out.
    :param azure_pull_request_id: The pull request in Azure DevOps that the run is for.
    :param github_pull_request_id: The pull request on GitHub that the run is for.
    :param gitlab_merge_request_id: The merge request on GitLab that the run is for.
    :param non_native_pull_request_id: The pull request elsewhere that the run is for.
    :param schema_override: The schema to build into.
    :param dbt_version_override: The version of dbt.
    :param threads_override: The number of threads.
    :param target_name_override: The name of the target.
    :param generate_docs_override: Whether to generate the documentation.
    :param timeout_seconds_override: Seconds after which dbt Cloud itself ends the run; 0 is no
        limit.
    :param steps_override: The commands to run instead of the job's.
    :param wait_for_termination: Wait for the end of the run; otherwise only start it.
    :param deferrable: Wait in the triggerer instead of in a worker.
    :param poll_interval: Seconds (or a timedelta) between looks.
    :param timeout: Seconds (or a timedelta) for the run; it is left going on, and a later try of
        the task takes it over. At the task's `execution_timeout` it is cancelled as by a kill.
    :param fault_budget: Seconds (or a timedelta) in a row for which dbt Cloud may be out of reach
        while the task waits; `None` lets only ``timeout`` end that.
    :param retry_from_failure: From the second try on, go on from where this task's own run failed,
        if dbt Cloud can; overrides do not apply to such a run.
    :param reuse_existing_run: Wait for a run of the job that is already going on, whoever started
        it, instead of starting one.
    :param retry_cancelled: Let Airflow's retries start the job again after a person has cancelled
        the run; by default the task fails at once.
    :param cancel_on_kill: Cancel the run if a person marks or clears the task, or its
        ``execution_timeout`` passes. A run that was reused is never cancelled.
    :param start_timeout: Seconds (or a timedelta) for which a start waits for its turn while dbt
        Cloud's rate limit is used up; nothing is started after that. Never longer than ``timeout``.
    :param end_in_triggerer: Let a success end a deferred task in the triggerer, without a second
        worker, where nothing is lost by it.
    :raises ConfigurationError: When the connection or an argument is wrong; nothing was started.
    :raises RunFailedError: When the run ended without success.
    """

    template_fields: Sequence[str] = (
        "dbt_cloud_conn_id",
        "job_id",
        "project_name",
        "environment_name",
        "job_name",
        "account_id",
        "cause",
        *OVERRIDES,
    )
    operator_extra_links = (DbtCloudRunLink(), DbtCloudDocsLink())
    ui_color = "#ffe0d6"
    _checks: ClassVar[Mapping[str, Check]] = {
        "dbt_cloud_conn_id": required_text,
        "job_id": optional_int,
        **dict.fromkeys(NAMES, optional_text),
        "account_id": optional_int,
        "cause": optional_text,
        **OVERRIDES,
        "wait_for_termination": switch,
        "deferrable": switch,
        "poll_interval": required_seconds,
        "timeout": optional_seconds,
        "fault_budget": optional_seconds,
        "retry_from_failure": switch,
        "retry_cancelled": switch,
        "reuse_existing_run": switch,
        "cancel_on_kill": switch,
        "start_timeout": optional_seconds,
        "end_in_triggerer": switch,
    }

    def __init__(
        self,
        *,
        dbt_cloud_conn_id: str | XComArg = "dbt_cloud_default",
        job_id: int | str | XComArg | None = None,
        project_name: str | XComArg | None = None,
        environment_name: str | XComArg | None = None,
        job_name: str | XComArg | None = None,
        account_id: int | str | XComArg | None = None,
        cause: str | XComArg | None = None,
        git_sha: str | XComArg | None = None,
        git_branch: str | XComArg | None = None,
        azure_pull_request_id: int | str | XComArg | None = None,
        github_pull_request_id: int | str | XComArg | None = None,
        gitlab_merge_request_id: int | str | XComArg | None = None,
        non_native_pull_request_id: int | str | XComArg | None = None,
        schema_override: str | XComArg | None = None,
        dbt_version_override: str | XComArg | None = None,
        threads_override: int | str | XComArg | None = None,
        target_name_override: str | XComArg | None = None,
        generate_docs_override: bool | str | XComArg | None = None,
        timeout_seconds_override: int | str | XComArg | None = None,
        steps_override: list[str] | XComArg | None = None,
        wait_for_termination: bool = True,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: timedelta | float = 30,
        timeout: timedelta | float | None = timedelta(days=7),
        fault_budget: timedelta | float | None = timedelta(minutes=15),
        retry_from_failure: bool = False,
        retry_cancelled: bool = False,
        reuse_existing_run: bool = False,
        cancel_on_kill: bool = True,
        start_timeout: timedelta | float | None = timedelta(hours=1),
        end_in_triggerer: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dbt_cloud_conn_id = dbt_cloud_conn_id
        self.job_id = job_id
        self.project_name = project_name
        self.environment_name = environment_name
        self.job_name = job_name
        self.account_id = account_id
        self.cause = cause
        self.git_sha = git_sha
        self.git_branch = git_branch
        self.azure_pull_request_id = azure_pull_request_id
        self.github_pull_request_id = github_pull_request_id
        self.gitlab_merge_request_id = gitlab_merge_request_id
        self.non_native_pull_request_id = non_native_pull_request_id
        self.schema_override = schema_override
        self.dbt_version_override = dbt_version_override
        self.threads_override = threads_override
        self.target_name_override = target_name_override
        self.generate_docs_override = generate_docs_override
        self.timeout_seconds_override = timeout_seconds_override
        self.steps_override = steps_override
        self.wait_for_termination = wait_for_termination
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.timeout = timeout
        self.fault_budget = fault_budget
        self.retry_from_failure = retry_from_failure
        self.retry_cancelled = retry_cancelled
        self.reuse_existing_run = reuse_existing_run
        self.cancel_on_kill = cancel_on_kill
        self.start_timeout = start_timeout
        self.end_in_triggerer = end_in_triggerer
        self._check_literals()

    def execute(self, context: Context) -> int:
        """Start the job unless this task run has already started it, and wait for the run."""
        try:
            self._check_arguments()
            return self._execute(context)
        except RunCancelledError as error:
            self._raise(error)
        finally:
            self._close()

    def _execute(self, context: Context) -> int:
        from airflow_provider_dbtsegment.dbt_cloud.job_launcher import JobLauncher, work_key

        payload = self._payload(context)
        job_id = self._find_job()
        account_id = self._account or self.hook.settings.account_id
        content = {name: payload[name] for name in self._fixed(payload) if name != "cause"}
        attempt = self._attempt(context, work_key(account_id, job_id), content)

        def launcher(hook: DbtCloudHook) -> JobLauncher:
            return JobLauncher(hook, job_id, payload, attempt.marker, account_id)

        work = launcher(self.hook)
        other = launcher(self.hook.twin(max_attempts=CANCEL_ATTEMPTS))

        def find() -> int | None:
            return next((run.id for run in other.find(None, None) if run.outcome is None), None)

        try:
            launch = self._launch(
                context,
                work,
                attempt,
                int,
                find=find,
                waits=self.wait_for_termination,
                resume_failed=self.retry_from_failure,
                reuse_active=self.reuse_existing_run,
            )
        except NotFoundError as error:
            raise ConfigurationError(f"dbt Cloud knows no job {job_id}: {error}") from error
        self._announce(context, work.runs[launch.id], f" of job {job_id}: {launch.origin}")
        if not self.wait_for_termination:
            return int(launch.id)
        return int(self._follow(context, launch, launch.id))

    @classmethod
    def _check_together(cls, known: Mapping[str, Any]) -> None:
        job_id = known.get("job_id")
        given = [name for name in NAMES if known.get(name)]
        if job_id is not None and given:
            raise ConfigurationError(f"Both job_id and {given[0]} are given; use one way.")
        missing = [name for name in NAMES if name in known and name not in given]
        # What is left out of `known` is rendered or mapped over later.
        if job_id is not None or "job_id" not in known or not missing:
            return
        if len(missing) == len(NAMES):
            raise ConfigurationError(
                "Which job? Give job_id, or project_name, environment_name and job_name."
            )
        raise ConfigurationError(
            f"Which job? Give job_id, or all three names; {', '.join(missing)} is empty."
        )

    def _find_job(self) -> int:
        job_id = optional_int(self.job_id, "job_id")
        if job_id is not None:
            return job_id
        job = self.hook.get_job_by_name(
            str(self.job_name),
            project_name=str(self.project_name),
            environment_name=str(self.environment_name),
            account_id=self._account,
        )
        return required_int(job["id"], "job_id")

    def _payload(self, context: Context) -> dict[str, Any]:
        """Return the body of the request; raises when an override makes no sense."""
        task_instance: Any = context["ti"]
        by_default = f"Airflow: {task_instance.dag_id}.{task_instance.task_id}"
        payload: dict[str, Any] = {"cause": optional_text(self.cause, "cause") or by_default}
        for name, check in OVERRIDES.items():
            value = check(getattr(self, name), name)
            if value is not None:
                payload[name] = value
        return payload

    def _canceller(self) -> Callable[[int], object]:
        hook, account_id = self.hook.twin(max_attempts=CANCEL_ATTEMPTS), self._account
        return lambda run_id: hook.cancel_run(run_id, account_id=account_id)

    def _id_of(self, key: int) -> int:
        return key
