"""The vendors' OpenAPI documents, and what they allow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from openapi_schema_validator import OAS30Validator

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One method of one path of a document."""

    document: dict[str, Any] = field(repr=False)
    method: str
    template: str

    @property
    def _definition(self) -> dict[str, Any]:
        definition: dict[str, Any] = self.document["paths"][self.template][self.method.lower()]
        return definition

    @cached_property
    def request_schema(self) -> dict[str, Any] | None:
        """The schema of the body, or `None` where there is none."""
        content = self._definition.get("requestBody", {}).get("content")
        return next(iter(content.values()))["schema"] if content else None

    @cached_property
    def answer_schema(self) -> dict[str, Any] | None:
        """The schema of the answer to a success, or `None` where it has no body."""
        success = next(
            self._definition["responses"][code]
            for code in ("200", "201", "204")
            if code in self._definition["responses"]
        )
        content = success.get("content")
        return next(iter(content.values()))["schema"] if content else None

    @property
    def media_types(self) -> list[str]:
        """The content types that a body may have."""
        return list(self._definition.get("requestBody", {}).get("content", {}))

    @property
    def is_deprecated(self) -> bool:
        """Whether the vendor advises against it."""
        return bool(self._definition.get("deprecated"))

    def match(self, path: str) -> dict[str, str] | None:
        """Return the values in a path of this operation, `None` if it is another's."""
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.template))
        pattern = pattern.replace("(?P<remainder>[^/]+)", "(?P<remainder>.+)")
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None

    def problems(self, path: str, query: Mapping[str, str], body: Any) -> Iterator[str]:
        """Yield everything that the document does not allow of a request."""
        found = self.match(path) or {}
        known = self._parameters("query")
        for name, parameter in self._parameters("path").items():
            yield from self._check(f"path {name}", _decoded(found[name]), parameter["schema"])
        for name, text in query.items():
            if name not in known:
                yield f"query {name}: unknown"
                continue
            yield from self._check(f"query {name}", _decoded(text), known[name]["schema"])
        for name, parameter in known.items():
            if parameter.get("required") and name not in query:
                yield f"query {name}: missing"
        schema = self.request_schema
        if schema is not None:
            yield from self._check("body", body, schema)
        elif body is not None:
            yield "body: there is none"

    def sample(self, schema: Mapping[str, Any]) -> Any:
        """Return the smallest value that a schema allows."""
        if "$ref" in schema:
            return self.sample(self._resolve(schema["$ref"]))
        for choice in ("oneOf", "anyOf"):
            if choice in schema:
                return self.sample(schema[choice][0])
        if "allOf" in schema:
            parts = [self.sample(part) for part in schema["allOf"]]
            return parts[0] if len(parts) == 1 else {k: v for one in parts for k, v in one.items()}
        if "enum" in schema:
            return schema["enum"][0]
        kind = schema.get("type", "object")
        if kind == "object":
            wanted = schema.get("required", [])
            properties = schema.get("properties", {})
            return {name: self.sample(properties.get(name, {})) for name in wanted}
        samples = {"string": "x", "integer": 3, "number": 3.0, "boolean": True}
        return [self.sample(schema["items"])] if kind == "array" else samples[kind]

    def _parameters(self, where: str) -> dict[str, dict[str, Any]]:
        return {
            one["name"]: one for one in self._definition.get("parameters", []) if one["in"] == where
        }

    def _resolve(self, reference: str) -> dict[str, Any]:
        found: Any = self.document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert isinstance(found, dict)
        return found

    def _check(self, what: str, value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
        whole = {**schema, "components": self.document["components"]}
        for error in OAS30Validator(whole).iter_errors(value):
            yield f"{what} {'.'.join(map(str, error.path))}: {error.message}"


def read_operations(*files: Path) -> list[Operation]:
    """Return all operations of documents."""
    operations = []
    for file in files:
        text = file.read_text()
        document = json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
        for template, item in document["paths"].items():
            operations += [Operation(document, m.upper(), template) for m in METHODS if m in item]
    # A fixed path goes before one that holds an id in the same place.
    return sorted(operations, key=lambda one: one.template.count("{"))


def _decoded(text: str) -> Any:
    """Return a value as the service reads it: JSON where it is JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text
