"""Keep what dbt left behind in dbt Cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dbtsegment.compat import BaseOperator
from airflow_provider_dbtsegment.exceptions import ConfigurationError, DbtSegmentError
from airflow_provider_dbtsegment.links.dbt_cloud import (
    DbtCloudDocsLink,
    DbtCloudRunLink,
)
from airflow_provider_dbtsegment.tasks.arguments import (
    Check,
    CheckedArguments,
    artifact_path,
    file_address,
    optional_int,
    optional_text,
    required_int,
    required_text,
)

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath, XComArg

    from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook

#: Seconds for the addresses of links.
PATIENCE = 5.0
#: What to install for a scheme that Airflow does not know by itself.
PACKAGES = {
    "s3": "apache-airflow-providers-amazon[s3fs]",
    "s3a": "apache-airflow-providers-amazon[s3fs]",
    "gs": "apache-airflow-providers-google",
    "gcs": "apache-airflow-providers-google",
    "abfs": "apache-airflow-providers-microsoft-azure",
    "abfss": "apache-airflow-providers-microsoft-azure",
    "adl": "apache-airflow-providers-microsoft-azure",
    "sftp": "apache-airflow-providers-sftp[sshfs]",
}


class GetDbtRunArtifactOperator(CheckedArguments, BaseOperator):
    """
    Write an artifact of a dbt Cloud run to a file or into an object storage, however large it is.

    It appears there as a whole or not at all, in the place of what an earlier try has written. The
    task returns where it is, and pushes its ``size`` in bytes as an XCom.
    https://docs.getdbt.com/dbt-cloud/api-v2#/operations/Retrieve%20Run%20Artifact

    :param dbt_cloud_conn_id: The connection.
    :param run_id: The run.
    :param path: The artifact's path within ``target/``, such as ``manifest.json``.
    :param output_path: What Airflow's `ObjectStoragePath` takes: a path of this machine, or an
        address such as ``s3://conn_id@bucket/{{ ds }}/manifest.json``. Folders are made.
    :param step: The step of the run, counted from 1; by default the last one.
    :param account_id: The account; by default the one of the connection.
    :param object_storage_conn_id: The connection of the object storage, where ``output_path`` does
        not name it.
    :raises ConfigurationError: When the connection or an argument is wrong; nothing was asked for.
    :raises RequestError: When the artifact cannot be had; what was there before is left as it was.
    """

    template_fields: Sequence[str] = (
        "dbt_cloud_conn_id",
        "run_id",
        "path",
        "output_path",
        "step",
        "account_id",
        "object_storage_conn_id",
    )
    operator_extra_links = (DbtCloudRunLink(), DbtCloudDocsLink())
    ui_color = "#ffe0d6"
    _checks: ClassVar[Mapping[str, Check]] = {
        "dbt_cloud_conn_id": required_text,
        "run_id": required_int,
        "path": artifact_path,
        "output_path": file_address,
        "step": optional_int,
        "account_id": optional_int,
        "object_storage_conn_id": optional_text,
    }

    def __init__(
        self,
        *,
        dbt_cloud_conn_id: str | XComArg = "dbt_cloud_default",
        run_id: int | str | XComArg,
        path: str | XComArg,
        output_path: str | ObjectStoragePath | XComArg,
        step: int | str | XComArg | None = None,
        account_id: int | str | XComArg | None = None,
        object_storage_conn_id: str | XComArg | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dbt_cloud_conn_id = dbt_cloud_conn_id
        self.run_id = run_id
        self.path = path
        self.output_path = output_path
        self.step = step
        self.account_id = account_id
        self.object_storage_conn_id = object_storage_conn_id
        self._check_literals()

    def execute(self, context: Context) -> str:
        """Stream the artifact to where it is to be."""
        self._check_arguments()
        run_id = required_int(self.run_id, "run_id")
        step = optional_int(self.step, "step")
        account_id = optional_int(self.account_id, "account_id")
        path = artifact_path(self.path, "path")
        target = self._target()
        from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
        from airflow_provider_dbtsegment.rest.sinks import sink_of

        # What is wrong is told before anybody is asked for links.
        sink_of(target)
        hook = DbtCloudHook(required_text(self.dbt_cloud_conn_id, "dbt_cloud_conn_id"))
        try:
            self._announce(context, hook, run_id, account_id)
            size = hook.download_run_artifact(
                run_id, path, target, step=step, account_id=account_id
            )
        finally:
            hook.close()
        self.log.info("Wrote %s of dbt Cloud run %s to %s: %d bytes.", path, run_id, target, size)
        context["ti"].xcom_push(key="size", value=size)
        return str(target)

    def _announce(
        self, context: Context, hook: DbtCloudHook, run_id: int, account_id: int | None
    ) -> None:
        """Leave behind the addresses of links; without them the artifact is as good."""
        from airflow_provider_dbtsegment.dbt_cloud.pages import addresses

        try:
            run = hook.hurried(PATIENCE).get_run(run_id, account_id=account_id)
        except DbtSegmentError as error:
            self.log.info("There will be no link to dbt Cloud run %s: %s", run_id, error)
            return
        base_url = hook.settings.transport.base_url
        for name, url in addresses(run, base_url).items():
            context["ti"].xcom_push(key=name, value=url)

    def _target(self) -> ObjectStoragePath:
        from airflow.providers.common.compat.sdk import ObjectStoragePath

        given = self.output_path
        address = file_address(given, "output_path")
        conn_id = optional_text(self.object_storage_conn_id, "object_storage_conn_id")
        try:
            if conn_id or not isinstance(given, ObjectStoragePath):
                given = ObjectStoragePath(address, conn_id=conn_id)
            given.fs  # noqa: B018 -- made at first use, and it needs packages
        except (ImportError, ValueError) as error:
            package = PACKAGES.get(address.split("://")[0], "the provider that knows its scheme")
            raise ConfigurationError(
                f"Nothing can be written to {address!r} ({error}): correct output_path, or install "
                f"{package}."
            ) from error
        return given
