"""Artifacts: the files that dbt leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import IO, Any, TypeVar

from airflow_provider_dbtsegment.dbt_cloud.runs import RunsApi
from airflow_provider_dbtsegment.dbt_cloud.types import RunStatus
from airflow_provider_dbtsegment.exceptions import AnswerLostError, ConfigurationError
from airflow_provider_dbtsegment.rest.answers import parsed
from airflow_provider_dbtsegment.rest.bodies import CHUNK
from airflow_provider_dbtsegment.rest.secrets import storable
from airflow_provider_dbtsegment.rest.sinks import Target
from airflow_provider_dbtsegment.rest.urls import path_segment

T = TypeVar("T")

#: Bytes of an artifact that is held in memory, after decompression.
MAX_ARTIFACT = 256 * 1024 * 1024


class ArtifactsApi(RunsApi):
    """https://docs.getdbt.com/dbt-cloud/api-v2#/operations/Retrieve%20Run%20Artifact"""

    def list_run_artifacts(
        self, run_id: int, *, step: int | None = None, account_id: int | None = None
    ) -> list[str]:
        """
        List the paths of a run's artifacts.

        :param step: The step, counted from 1; by default the last one.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        path = "v2/runs/{}/artifacts/"
        return self._get(list[str], path, run_id, step=step, account_id=account_id)

    def get_run_artifact(
        self, run_id: int, path: str, *, step: int | None = None, account_id: int | None = None
    ) -> Any:
        """
        Get an artifact: parsed if it is JSON, else as text.

        It is held in memory, several times its size when it is JSON, and may have 256 MB: for a
        large one use :meth:`download_run_artifact` or, to read only some of it,
        :meth:`read_run_artifact`. Control characters are replaced.

        :param path: Within ``target/``, such as ``run_results.json``.
        :param step: The step, counted from 1; by default the last one.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._artifact(self._artifact_path("runs", run_id, path, account_id), step)

    def download_run_artifact(
        self,
        run_id: int,
        path: str,
        file: Target,
        *,
        step: int | None = None,
        account_id: int | None = None,
    ) -> int:
        """
        Stream an artifact to a file and return the number of bytes; memory does not grow with them.

        At a path it appears when all of it has come and is stored; until then, and after an error,
        what was there stays. A transfer that breaks off starts again from the beginning.

        :param path: Within ``target/``, such as ``manifest.json``.
        :param file: A path, Airflow's `ObjectStoragePath` or another `UPath`, or a binary file
            object; folders are made.
        :param step: The step, counted from 1; by default the last one.
        :raises ConfigurationError: When nothing can be written there.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        where = self._artifact_path("runs", run_id, path, account_id)
        return self._download(file, where, params={"step": step})

    def read_run_artifact(
        self,
        run_id: int,
        path: str,
        read: Callable[[IO[bytes]], T],
        *,
        step: int | None = None,
        patience: float | None = None,
        account_id: int | None = None,
    ) -> T:
        """
        Return what a function makes of an artifact, which it is given as a binary file.

        The file can be read once, while it comes, and need not be read to its end. Where the
        transfer breaks off, the function is called again.

        :param path: Within ``target/``, such as ``manifest.json``.
        :param read: Such as ``lambda file: next(ijson.items(file, "metadata"))``.
        :param step: The step, counted from 1; by default the last one.
        :param patience: Seconds after which a silence is an error; then it is asked for once only.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        where = self._artifact_path("runs", run_id, path, account_id)
        transport = self.transport if patience is None else self.transport.hurried(patience)
        return transport.stream(where, read, params={"step": step}, budget=self.budget)

    def get_job_artifact(self, job_id: int, path: str, *, account_id: int | None = None) -> Any:
        """
        Get an artifact of the newest successful run of a job, as :meth:`get_run_artifact` does.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._artifact(self._artifact_path("jobs", job_id, path, account_id))

    def download_job_artifact(
        self, job_id: int, path: str, file: Target, *, account_id: int | None = None
    ) -> int:
        """
        Stream an artifact of a job's newest successful run, as :meth:`download_run_artifact` does.

        :return: The number of bytes.
        :raises ConfigurationError: When nothing can be written there.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._download(file, self._artifact_path("jobs", job_id, path, account_id))

    def get_most_recent_run_artifact(
        self,
        path: str,
        *,
        job_definition_id: int | None = None,
        environment_id: int | None = None,
        project_id: int | Sequence[int] | None = None,
        deferring_run_id: int | None = None,
        step: int | None = None,
        account_id: int | None = None,
    ) -> Any:
        """
        Get an artifact of the newest successful run that fits, as :meth:`get_run_artifact` does.

        :param step: The step, counted from 1; by default the last one.
        :raises ConfigurationError: When no successful run fits.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        run = self.get_most_recent_run(
            job_definition_id=job_definition_id,
            environment_id=environment_id,
            project_id=project_id,
            deferring_run_id=deferring_run_id,
            status=RunStatus.SUCCESS,
            account_id=account_id,
        )
        if run is None:
            raise ConfigurationError(
                "No successful run fits, of which an artifact could be read. Widen the filters."
            )
        return self.get_run_artifact(run["id"], path, step=step, account_id=account_id)

    def _artifact(self, where: str, step: int | None = None) -> Any:
        """Return an artifact parsed if it is JSON, else as text."""

        def read(file: IO[bytes]) -> bytearray:
            content = bytearray()
            while len(content) <= MAX_ARTIFACT and (piece := file.read(CHUNK)):
                content += piece
            return content

        budget = self.budget
        content = self.transport.stream(where, read, params={"step": step}, budget=budget)
        if len(content) > MAX_ARTIFACT:
            message = (
                f"larger than {MAX_ARTIFACT >> 20} MB: use download_run_artifact or "
                "read_run_artifact"
            )
            raise AnswerLostError(message, **self._where("GET", where))
        if not where.endswith(".json"):
            return storable(content.decode("utf-8", "replace"))
        try:
            return parsed(content)
        except (ValueError, RecursionError) as error:
            raise AnswerLostError(f"no JSON: {error}", **self._where("GET", where)) from None

    def _artifact_path(self, kind: str, id: int, path: str, account_id: int | None) -> str:
        folder = self._path(f"v2/{kind}/{{}}/artifacts/", id, account_id=account_id)
        return folder + "/".join(path_segment(part, "artifact's path") for part in path.split("/"))
