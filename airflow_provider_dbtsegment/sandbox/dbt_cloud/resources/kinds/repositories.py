"""Git repositories. All of them hold the dbt project that the sandbox serves."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi.responses import Response

from airflow_provider_dbtsegment.sandbox.dbt_cloud.checkout import files_of
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import NotFoundError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources import writing
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.bodies import as_object, check
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.replies import reply_record
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.rows import row

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.resource import Draft
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud

MANAGED = "/api/v3/accounts/{account_id}/projects/{project_id}/managed-repositories/"


def prepare(_: Call, draft: Draft, old: Record | None) -> None:
    """Read the name out of the URL when only that is given, or has changed."""
    url, name = draft.get("remote_url"), draft.get("full_name")
    has_moved = old is not None and url != old.get("remote_url") and name == old.get("full_name")
    if url and (name is None or has_moved):
        draft["full_name"] = "/".join(url.removesuffix(".git").replace(":", "/").split("/")[-2:])


def show(service: DbtCloud, record: Record) -> Mapping[str, Any]:
    """Show its names, and a key that opens nothing."""
    full_name = str(record.get("full_name") or "")
    return {
        "name": full_name.rpartition("/")[2],
        "github_repo": full_name if record.get("remote_backend") == "github" else "",
        "web_url": record.get("remote_url") or f"https://git.invalid/{full_name}",
        "deploy_key": {
            "id": record["id"],
            "account_id": service.account_id,
            "public_key": f"ssh-rsa SANDBOX{record['id']}",
            "state": 1,
        },
    }


def create_managed(call: Call) -> Response:
    """Make a repository that the service itself keeps."""
    body = as_object(call.body)
    check(body, call.operation.request, call.operation.schemas)
    fields = {
        "full_name": f"managed/{body['name']}",
        "remote_backend": "managed",
        "git_clone_strategy": "deploy_key",
    }
    return reply_record(call, "repositories", writing.make(call, row("repositories"), fields))


def download(call: Call) -> Response:
    """Send the dbt project as a ZIP archive."""
    repository = call.known("repositories", call.path["repository_id"])
    if repository.get("remote_backend") != "managed":
        raise NotFoundError
    archive = io.BytesIO()
    root = call.service.project_dir
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in files_of(root):
            packed.write(path, path.relative_to(root).as_posix())
    return Response(archive.getvalue(), media_type="application/zip")


HANDLERS = {
    ("POST", MANAGED): create_managed,
    ("GET", MANAGED + "{repository_id}/download/"): download,
}
