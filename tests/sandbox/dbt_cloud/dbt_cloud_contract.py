"""Hold answers against dbt Cloud's OpenAPI documents, with somebody else's validator."""

import json
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import FormatChecker
from openapi_schema_validator import OAS30ReadValidator

DOCUMENTS = files("airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi")
VERSIONS = ("v2", "v3")

# Lists of which the documents describe a single thing in the place of the list.
LISTS_DESCRIBED_AS_ONE = {
    ("GET", "/api/v3/accounts/{account_id}/connections/"),
    ("GET", "/api/v3/accounts/{account_id}/favorite-assets/"),
    ("GET", "/api/v3/accounts/{account_id}/projects/{project_id}/profiles/"),
}

formats = FormatChecker()


@formats.checks("date-time", raises=ValueError)
def is_time(value: object) -> bool:
    """Accept a time with its zone; the service writes a space where RFC 3339 has a T."""
    return not isinstance(value, str) or bool(
        datetime.fromisoformat(value.replace("Z", "+00:00")).tzinfo
    )


@cache
def document(version: str) -> Any:
    """Read the document of a version."""
    return with_nulls(json.loads(DOCUMENTS.joinpath(f"dbt-cloud-{version}.json").read_text()))


@cache
def operations() -> dict[tuple[str, str], Any]:
    """Return what the documents say of each method and path."""
    return {
        (method.upper(), path): operation
        for version in VERSIONS
        for path, item in document(version)["paths"].items()
        for method, operation in item.items()
    }


def mistakes_in(method: str, path: str, status: int, body: Any) -> list[str]:
    """Return what is wrong with an answer."""
    described = operations()[method, path]["responses"].get(str(status))
    if described is None:
        return [f"{status} is not described"]
    schema = described.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return []
    one_by_one = (method, path) in LISTS_DESCRIBED_AS_ONE
    bodies = [{**body, "data": one} for one in body["data"]] if one_by_one else [body]
    components = document(path.split("/")[2])["components"]
    validator = OAS30ReadValidator(
        {"allOf": [schema], "components": components}, format_checker=formats
    )
    return [
        f"{error.json_path}: {error.message[:300]}"
        for one in bodies
        for error in validator.iter_errors(one)
    ]


def with_nulls(schema: Any) -> Any:
    """Let properties be null that may be absent.

    The documents know no null, the service does. What is required stays as it is described.
    """
    if isinstance(schema, list):
        return [with_nulls(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: with_nulls(value) for key, value in schema.items()}
    properties = plain.get("properties")
    if isinstance(properties, dict) and plain.get("type") == "object":
        needed = plain.get("required", [])
        plain["properties"] = {
            name: one if name in needed else {"anyOf": [one, {"enum": [None]}]}
            for name, one in properties.items()
        }
    return plain
