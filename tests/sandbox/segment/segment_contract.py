"""Hold answers against Segment's OpenAPI description."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import requests
import yaml
from jsonschema import Draft202012Validator

SPEC = Path(__file__).parents[2] / "data" / "segment-reverse-etl.yaml"


def check_contract(method: str, path: str, response: requests.Response) -> None:
    """Check status, media type and body of an answer to a path without its query."""
    if response.ok:
        operation = _operation(method.lower(), path)
        assert str(response.status_code) in operation["responses"]
        content = operation["responses"][str(response.status_code)]["content"]
        schema = next(iter(content.values()))["schema"]
        assert response.headers["content-type"].startswith("application/vnd.segment.v1")
    else:
        schema = {"$ref": "#/components/schemas/RequestErrorEnvelope"}
        assert response.headers["content-type"] == "application/json"
    for header in ("Consumed", "Remaining", "Reset"):
        assert f"X-RateLimit-{header}" in response.headers
    components = _spec()["components"]
    Draft202012Validator({"components": components} | schema).validate(response.json())


@cache
def _operation(method: str, path: str) -> Any:
    for template, operations in _spec()["paths"].items():
        pattern = re.sub(r"{\w+}", "[^/]+", template)
        if re.fullmatch(pattern, path):
            return operations[method]
    raise AssertionError(f"The description has no {path}")


@cache
def _spec() -> Any:
    return _json_schema(yaml.safe_load(SPEC.read_text()))


def _json_schema(value: Any) -> Any:
    """Spell OpenAPI's ``nullable`` as JSON Schema does."""
    if isinstance(value, dict):
        converted = {key: _json_schema(item) for key, item in value.items()}
        if converted.pop("nullable", False) is True:
            converted["type"] = [converted["type"], "null"]
        return converted
    return [_json_schema(item) for item in value] if isinstance(value, list) else value
