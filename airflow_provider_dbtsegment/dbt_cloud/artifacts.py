"""Artifacts: the files that dbt leaves behind."""

from __future__ import annotations

import io
import json
from typing import Any, BinaryIO

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase
from airflow_provider_dbtsegment.exceptions import AnswerLostError
from airflow_provider_dbtsegment.rest.urls import path_segment


class ArtifactsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v2#/operations/Retrieve%20Run%20Artifact"""

    def list_run_artifacts(
        self, run_id: int, *, step: int | None = None, account_id: int | None = None
    ) -> list[str]:
        """
        List the paths of a run's artifacts.

        :param step: The step, counted from 1; by default the last one.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        path = self.account_path("runs", run_id, "artifacts", account_id=account_id)
        paths: list[str] = self.request("GET", path, params={"step": step}, kind=list)
        return paths

    def get_run_artifact(
        self, run_id: int, path: str, *, step: int | None = None, account_id: int | None = None
    ) -> Any:
        """
        Get an artifact: parsed if it is JSON, else as text. Use the download for large ones.

        :param path: Within ``target/``, such as ``run_results.json``.
        :param step: The step, counted from 1; by default the last one.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        file = io.BytesIO()
        self.download_run_artifact(run_id, path, file, step=step, account_id=account_id)
        text = file.getvalue().decode("utf-8", "replace")
        if not path.endswith(".json"):
            return text
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            where = self._where("GET", self._artifact_path(run_id, path, account_id))
            raise AnswerLostError(f"no JSON: {error}", **where) from None

    def download_run_artifact(
        self,
        run_id: int,
        path: str,
        file: BinaryIO,
        *,
        step: int | None = None,
        account_id: int | None = None,
    ) -> int:
        """
        Stream an artifact into a binary file object and return the number of bytes.

        :param path: Within ``target/``, such as ``manifest.json``.
        :param step: The step, counted from 1; by default the last one.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self.transport.download(
            self._artifact_path(run_id, path, account_id),
            file,
            params={"step": step},
            budget=self._account_budget(),
        )

    def _artifact_path(self, run_id: int, path: str, account_id: int | None) -> str:
        folder = self.account_path("runs", run_id, "artifacts", account_id=account_id)
        return folder + "/".join(path_segment(part, "artifact's path") for part in path.split("/"))
