"""The workspace that a token belongs to."""

from __future__ import annotations

from airflow_provider_dbtsegment.segment.base import READ_WORKSPACE, SegmentBase
from airflow_provider_dbtsegment.segment.types import Workspace


class WorkspacesApi(SegmentBase):
    """https://docs.segmentapis.com/tag/Workspaces"""

    def get_workspace(self) -> Workspace:
        """
        Get the workspace that the token belongs to.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(Workspace, "workspace", "/", rate=READ_WORKSPACE)
