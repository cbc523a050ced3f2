"""The body that starts a run."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

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
