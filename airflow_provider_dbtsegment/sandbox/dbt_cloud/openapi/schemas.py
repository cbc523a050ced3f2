"""Values by schema: what a schema means, and what it puts where a value is missing."""

from collections.abc import Mapping
from typing import Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.document import (
    Operation,
    Schema,
    Schemas,
)

LONG_AGO = "1970-01-01 00:00:00+00:00"
ZERO: Mapping[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}


def resolve(schema: Schema, schemas: Schemas) -> Schema:
    """Follow ``$ref`` and an ``allOf`` of one; what is beside an ``allOf`` stays."""
    while True:
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rsplit("/", 1)[-1]]
        elif len(schema.get("allOf", ())) == 1:
            beside = {key: value for key, value in schema.items() if key != "allOf"}
            schema = {**resolve(schema["allOf"][0], schemas), **beside}
        else:
            return schema


def properties(schema: Schema | None, schemas: Schemas) -> Mapping[str, Schema]:
    """Return the properties of an object, all those of its alternatives together."""
    if schema is None:
        return {}
    schema = resolve(schema, schemas)
    found: dict[str, Schema] = {}
    for one in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        found.update(properties(one, schemas))
    found.update(schema.get("properties", {}))
    return found


def data_schema(operation: Operation) -> Schema | None:
    """Return the schema of ``data`` in a successful answer, or of the whole if it has none."""
    if operation.answer is None:
        return None
    whole = resolve(operation.answer, operation.schemas)
    return resolve(whole["properties"]["data"], operation.schemas) if has_data(whole) else whole


def item_schema(operation: Operation) -> Schema | None:
    """Return the schema of one thing in a successful answer, also where that is a list."""
    schema = data_schema(operation)
    if schema is not None and schema.get("type") == "array":
        return resolve(schema["items"], operation.schemas)
    return schema


def has_data(schema: Schema) -> bool:
    """Whether an answer has the envelope."""
    return "data" in schema.get("properties", {})


def write_only(schema: Schema | None, schemas: Schemas) -> set[str]:
    """Return the properties that may be written and are never shown."""
    return {
        name
        for name, one in properties(schema, schemas).items()
        if one.get("writeOnly") or one.get("format") == "password"
    }


def default_of(schema: Schema, schemas: Schemas) -> Any:
    """Return the value that stands for none: the default, null, the first word, or zero."""
    schema = resolve(schema, schemas)
    if "default" in schema:
        return schema["default"]
    if schema.get("nullable"):
        return None
    if "enum" in schema:
        return schema["enum"][0]
    for one in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        return default_of(one, schemas)
    kind = schema.get("type")
    if kind == "array":
        return []
    if kind == "object":
        return fill({}, schema, schemas)
    if schema.get("format") == "date-time":
        return LONG_AGO
    return ZERO.get(str(kind))


def fill(record: Mapping[str, Any], schema: Schema, schemas: Schemas) -> dict[str, Any]:
    """Complete an object: what must be there gets a value, what may be there at least null."""
    schema = resolve(schema, schemas)
    required = set(schema.get("required", ()))
    filled = dict(record)
    for name, one in schema.get("properties", {}).items():
        if filled.get(name) is None:
            is_needed = name in required or "default" in resolve(one, schemas)
            filled[name] = default_of(one, schemas) if is_needed else None
        else:
            filled[name] = _fill_inside(filled[name], resolve(one, schemas), schemas)
    return filled


def _fill_inside(value: Any, schema: Schema, schemas: Schemas) -> Any:
    if isinstance(value, Mapping) and "properties" in schema:
        return fill(value, schema, schemas)
    if isinstance(value, list) and "items" in schema:
        item = resolve(schema["items"], schemas)
        return [_fill_inside(one, item, schemas) for one in value]
    return value
