"""The body that starts a run."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.contract import contract
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.bodies import read_body

PATH = "/api/v2/accounts/{account_id}/jobs/{job_id}/run/"

Text = Annotated[str, StringConstraints(min_length=1)]


class TriggerRequest(BaseModel):
    """What a caller may say about a run; unknown fields are let be."""

    model_config = ConfigDict(extra="ignore")

    cause: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    git_sha: str | None = None
    git_branch: str | None = None
    azure_pull_request_id: int | None = None
    github_pull_request_id: int | None = None
    gitlab_merge_request_id: int | None = None
    non_native_pull_request_id: int | None = None
    schema_override: Text | None = None
    dbt_version_override: Text | None = None
    threads_override: Annotated[int, Field(ge=1)] | None = None
    target_name_override: Text | None = None
    generate_docs_override: bool | None = None
    timeout_seconds_override: Annotated[int, Field(ge=0)] | None = None
    steps_override: list[Text] | None = None


async def read_trigger(request: Request) -> TriggerRequest:
    """Read the body of a request, JSON or form.

    :raises RequestValidationError: when it is not as it must be.
    """
    operation = contract().documented["POST", PATH]
    raw = await request.body()
    body = read_body(raw, request.headers.get("Content-Type", ""), operation)
    try:
        return TriggerRequest.model_validate(body)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


TriggerBody = Annotated[TriggerRequest, Depends(read_trigger)]
