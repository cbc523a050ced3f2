"""One OpenAPI document, read once."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

Schema = Mapping[str, Any]


class Schemas(dict[str, Schema]):
    """The named schemas of a document; two documents are never the same."""

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)


METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """A method on a path: what it takes, and what it answers."""

    method: str
    path: str
    schemas: Schemas = field(repr=False)
    """The named schemas of its document."""
    query: Mapping[str, Schema] = field(default_factory=dict, repr=False)
    required_query: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    """Names in the path that stand for whole numbers."""
    request: Schema | None = field(default=None, repr=False)
    responses: Mapping[int, Schema | None] = field(default_factory=dict, repr=False)

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from all others."""
        return self.method, self.path

    @property
    def status(self) -> int:
        """The status of success."""
        return min(self.responses, default=200)

    @property
    def answer(self) -> Schema | None:
        """The schema of success; None when the answer has no JSON."""
        return self.responses.get(self.status)


@lru_cache
def read_document(name: str) -> dict[str, Any]:
    """Read a document that comes with the package."""
    text = files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Yield every operation of a document."""
    schemas = Schemas(document["components"]["schemas"])
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield _operation(method.upper(), path, item[method], schemas)


def _operation(method: str, path: str, about: Mapping[str, Any], schemas: Schemas) -> Operation:
    parameters = about.get("parameters", [])
    query = [one for one in parameters if one["in"] == "query"]
    return Operation(
        method,
        path,
        schemas,
        query={one["name"]: one.get("schema", {}) for one in query},
        required_query=frozenset(one["name"] for one in query if one.get("required")),
        numbers=frozenset(
            one["name"]
            for one in parameters
            if one["in"] == "path" and one["schema"].get("type") == "integer"
        ),
        request=_json_schema(about.get("requestBody", {})),
        responses={int(code): _json_schema(one) for code, one in about["responses"].items()},
    )


def _json_schema(body: Mapping[str, Any]) -> Schema | None:
    schema: Schema | None = body.get("content", {}).get("application/json", {}).get("schema")
    return schema
