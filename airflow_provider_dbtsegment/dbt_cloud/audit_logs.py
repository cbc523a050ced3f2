"""Audit logs: who has changed what in an account."""

from __future__ import annotations

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.rest.listing import Listing
from airflow_provider_dbtsegment.rest.sinks import Target


class AuditLogsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Recent%20Audit%20Log%20Events"""

    def list_audit_logs(
        self,
        *,
        logged_at_start: str | None = None,
        logged_at_end: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List recent events.

        :param logged_at_start: The first day, as ``yyyy-mm-dd``.
        :param logged_at_end: The last day, as ``yyyy-mm-dd``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/audit-logs/",
            logged_at_start=logged_at_start,
            logged_at_end=logged_at_end,
            limit=limit,
            offset=offset,
            account_id=account_id,
        )

    def download_audit_logs(self, file: Target, *, account_id: int | None = None) -> int:
        """
        Stream recent events as CSV to a path or a file object and return the number of bytes.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._download(file, "v3/audit-logs/download/", account_id=account_id)

    def get_audit_log_export(self, *, account_id: int | None = None) -> Record:
        """
        Get whether an export of all events is running.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(Record, "v3/audit-logs/export/", account_id=account_id)

    def start_audit_log_export(self, *, account_id: int | None = None) -> Record:
        """
        Start an export of all events.

        :return: ``job_id`` is the identifier of the export.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send("POST", Record, "v3/audit-logs/export/", account_id=account_id)

    def get_audit_log_export_download(
        self, job_identifier: str, *, account_id: int | None = None
    ) -> Record:
        """
        Get where an export can be downloaded.

        :return: ``download_url``; whoever knows it can read the export.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        path = "v3/audit-logs/export/{}/download/"
        return self._get(Record, path, job_identifier, account_id=account_id)
