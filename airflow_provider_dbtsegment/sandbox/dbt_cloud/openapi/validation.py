"""What is wrong with a value, by field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.schemas import resolve, write_only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

    from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.document import Schema, Schemas

BLANK = "This field may not be blank."
# What stands in such a field is not quoted, be it described as a secret or not.
SECRET = re.compile("pass(word|phrase)|secret|token|private_?key|api_?key", re.IGNORECASE)


def mistakes(value: Any, schema: Schema, schemas: Schemas) -> dict[str, list[str]]:
    """Return what is wrong with each field; nothing when the value is right."""
    found: dict[str, list[str]] = {}
    hidden = _write_only(schemas)
    for error in _validator(schemas).evolve(schema=_plain(schema, schemas)).iter_errors(value):
        for field, message in _tell(error, hidden):
            found.setdefault(field, []).append(message)
    return found


def _tell(error: ValidationError, hidden: frozenset[str]) -> Iterator[tuple[str, str]]:
    field = ".".join(str(one) for one in error.absolute_path)
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        for name in missing:
            if error.message.startswith(repr(name)):
                yield (f"{field}.{name}" if field else name), "This field is required."
    elif error.validator == "enum":
        words = ", ".join(repr(one) for one in error.validator_value)
        shown = _quote(error, hidden)
        yield field or "body", f"{shown} is not a valid choice; use one of {words}."
    elif error.validator == "minLength" and not error.instance:
        yield field or "body", BLANK
    else:
        quoted, shown = repr(error.instance), _quote(error, hidden)
        if error.message.startswith(quoted):
            yield field or "body", f"{shown}{error.message[len(quoted) :]}."
        elif shown == quoted:
            yield field or "body", f"{error.message}."
        else:
            yield field or "body", f"{shown} is not allowed."


def _quote(error: ValidationError, hidden: frozenset[str]) -> str:
    """Return the wrong value, unless it is or holds what nobody else may see."""
    names = {*map(str, error.absolute_path), *_names(error.instance)}
    if any(name in hidden or SECRET.search(name) for name in names):
        return "This value"
    return repr(error.instance)


def _names(value: Any) -> Iterator[str]:
    """Yield the names of all fields in a value, however deep."""
    inside = [value]
    while inside:
        one = inside.pop()
        if isinstance(one, Mapping):
            yield from one
            inside.extend(one.values())
        elif isinstance(one, list):
            inside.extend(one)


@lru_cache
def _write_only(schemas: Schemas) -> frozenset[str]:
    """Return the fields that any schema lets be written and never shows."""
    return frozenset(name for one in schemas.values() for name in write_only(one, schemas))


def _plain(schema: Schema, schemas: Schemas) -> dict[str, Any]:
    """Put the alternatives of a discriminator in order: the field alone says which one is meant."""
    whole = resolve(schema, schemas)
    mapping = whole.get("discriminator", {}).get("mapping")
    if mapping is None:
        plain: dict[str, Any] = _translate(whole)
        return plain
    name = whole["discriminator"]["propertyName"]
    rules = [
        {
            "if": {"properties": {name: {"const": word}}, "required": [name]},
            "then": {"$ref": target},
        }
        for word, target in mapping.items()
    ]
    choice = {"properties": {name: {"enum": list(mapping)}}, "required": [name]}
    return {"type": "object", "allOf": [choice, *rules]}


def _translate(schema: Any) -> Any:
    """Write OpenAPI 3.0 as JSON Schema: ``nullable``, and alternatives that overlap."""
    if isinstance(schema, list):
        return [_translate(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    plain = {key: _translate(value) for key, value in schema.items() if key != "nullable"}
    if isinstance(plain.get("oneOf"), list):
        plain["anyOf"] = plain.pop("oneOf")
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


@lru_cache
def _validator(schemas: Schemas) -> Validator:
    import jsonschema  # takes a tenth of a second, and reading needs none of it

    return jsonschema.Draft202012Validator({"components": {"schemas": _translate(schemas)}})
