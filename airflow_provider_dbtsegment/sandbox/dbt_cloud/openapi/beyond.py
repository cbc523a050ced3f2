"""Operations that the documents leave out, but that the service answers and clients use."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.document import Operation, Schema

ACCOUNT_V2 = "/api/v2/accounts/{account_id}/"
ACCOUNT = "/api/v3/accounts/{account_id}/"
PROJECT = ACCOUNT + "projects/{project_id}/"
NUMBERS = frozenset({"account_id", "project_id", "id", "run_id", "service_token_id"})
ANYTHING: Schema = {"type": "object"}
ENVELOPED: Schema = {"type": "object", "properties": {"data": {}}}

# An operation that is left out: the documented one that it takes after.
ALIKE = {
    ("GET", ACCOUNT): ("GET", ACCOUNT_V2),
    ("GET", ACCOUNT + "environments/"): ("GET", ACCOUNT_V2 + "environments/"),
    **{
        (method, ACCOUNT + "environments/{id}/"): (method, ACCOUNT_V2 + "environments/{id}/")
        for method in ("GET", "POST", "DELETE")
    },
    ("GET", ACCOUNT + "invites/"): ("GET", ACCOUNT_V2 + "invites/"),
    ("GET", ACCOUNT_V2 + "users/{id}/"): ("GET", ACCOUNT + "users/{id}/"),
    ("GET", ACCOUNT + "private-link-endpoints/"): ("GET", ACCOUNT + "private-endpoints/"),
    ("GET", PROJECT + "semantic-layer-credentials/"): (
        "GET",
        ACCOUNT + "semantic-layer-credentials/",
    ),
    ("DELETE", ACCOUNT + "groups/{id}/"): ("DELETE", ACCOUNT + "license-maps/{id}/"),
    **{
        (method, PROJECT + "group-permissions/"): (
            "POST",
            ACCOUNT + "group-permissions/{group_id}/",
        )
        for method in ("GET", "POST")
    },
    ("POST", ACCOUNT + "service-tokens/{service_token_id}/permissions/"): (
        "GET",
        ACCOUNT + "service-tokens/{service_token_id}/permissions/",
    ),
}

# What no document describes; request and answer are open.
OPEN = [
    ("GET", ACCOUNT + "feature-flag/"),
    ("POST", ACCOUNT + "connections/test/"),
    ("GET", PROJECT + "runs/{run_id}/timing/"),
    *(
        operation
        for noun in ("semantic-layer-configurations", "semantic-layer-credentials")
        for operation in (
            ("POST", f"{PROJECT}{noun}/"),
            ("GET", f"{PROJECT}{noun}/{{id}}/"),
            ("POST", f"{PROJECT}{noun}/{{id}}/"),
            ("PATCH", f"{PROJECT}{noun}/{{id}}/"),
            ("DELETE", f"{PROJECT}{noun}/{{id}}/"),
        )
    ),
]

# Writes that the vendor's own client sends without the slash at the end.
WITHOUT_SLASH = {
    ("POST", ACCOUNT_V2 + "runs/{run_id}/cancel/"),
    ("POST", ACCOUNT_V2 + "permissions/{id}/"),
    ("DELETE", PROJECT + "connections/{id}/"),
    ("DELETE", PROJECT + "repositories/{id}/"),
    ("PUT", PROJECT + "environment-variables/bulk/"),
    *((method, path) for method, path in OPEN if "semantic-layer" in path and method != "GET"),
}


def operations(documented: Mapping[tuple[str, str], Operation]) -> Iterator[Operation]:
    """Yield the operations that the documents leave out."""
    for (method, path), model in ALIKE.items():
        alike = replace(documented[model], method=method, path=path, numbers=numbers_in(path))
        yield replace(alike, request=None) if method == "GET" else alike
    schemas = documented["GET", ACCOUNT_V2].schemas
    for method, path in OPEN:
        yield Operation(
            method,
            path,
            schemas,
            numbers=numbers_in(path),
            request=ANYTHING if method in ("POST", "PATCH") else None,
            responses={204: None} if method == "DELETE" else {200: ENVELOPED},
        )


def numbers_in(path: str) -> frozenset[str]:
    """Return the names in a path that stand for whole numbers."""
    return frozenset(name for name in NUMBERS if f"{{{name}}}" in path)
