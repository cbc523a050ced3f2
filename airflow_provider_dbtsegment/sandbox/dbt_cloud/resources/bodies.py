"""The body of a request: read, completed with what goes without saying, and checked."""

import json
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import BAD_REQUEST, ApiError, InvalidError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.document import (
    Operation,
    Schema,
    Schemas,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.schemas import (
    item_schema,
    properties,
    resolve,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.validation import BLANK, mistakes

WORDS = {"true": True, "false": False}


def read_body(raw: bytes, content_type: str, operation: Operation) -> Any:
    """Read a JSON or a form body; none is an empty object.

    :raises ApiError: 400, when it cannot be read.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if not raw.strip():
        return {}
    if kind == "application/x-www-form-urlencoded":
        return _typed(dict(parse_qsl(raw.decode("utf-8", "replace"))), operation)
    if kind == "multipart/form-data":
        return _typed(_read_multipart(raw, content_type), operation)
    try:
        return json.loads(raw)
    except ValueError as error:
        raise InvalidError("body", f"JSON parse error - {error}") from error


def complete(
    body: Mapping[str, Any], operation: Operation, implied: Mapping[str, Any]
) -> dict[str, Any]:
    """Add to a body what its path says and what has a default; leave out what is null.

    :raises InvalidError: when the body says something else than the path.
    """
    fields = properties(operation.request, operation.schemas)
    for name in ("account_id", "project_id", "user_id"):
        said = body.get(name)
        if said is not None and name in implied and said != implied[name]:
            raise InvalidError(name, f"Must be {implied[name]!r}, as in the path.")
    completed = {name: value for name, value in body.items() if value is not None}
    for name in fields:
        if name in implied:
            completed.setdefault(name, implied[name])
    answered = properties(item_schema(operation), operation.schemas)
    for name in required(operation.request, operation.schemas):
        default = resolve(answered.get(name, {}), operation.schemas).get("default")
        if name not in completed and default is not None:
            completed[name] = default
    return completed


def check(body: Any, schema: Schema | None, schemas: Schemas) -> None:
    """Refuse a body that its schema does not allow; null stands for nothing at any depth.

    An optional text may be empty although the documents say otherwise: that is how it is answered,
    and clients send back what they were answered.

    :raises ApiError: 400, with what is wrong by field.
    """
    if schema is None:
        return
    fields, needed = properties(schema, schemas), required(schema, schemas)
    wrong = {
        name: messages
        for name, messages in mistakes(_without_nulls(body), schema, schemas).items()
        if not (_is_anything(fields.get(name)) and name not in body)
        and not (name in fields and name not in needed and messages == [BLANK])
    }
    if wrong:
        name, messages = next(iter(wrong.items()))
        raise ApiError(400, f"{BAD_REQUEST} {name}: {messages[0]}", wrong)


def required(schema: Schema | None, schemas: Schemas) -> list[str]:
    """Return the fields that a body must have."""
    return [] if schema is None else list(resolve(schema, schemas).get("required", ()))


def as_object(body: Any) -> dict[str, Any]:
    """Return a body that must be an object.

    :raises InvalidError: when it is something else.
    """
    if not isinstance(body, dict):
        raise InvalidError("body", "Must be an object.")
    return body


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def _is_anything(schema: Schema | None) -> bool:
    return schema is not None and not schema.keys() & {"type", "$ref", "allOf", "oneOf", "anyOf"}


def _typed(form: Mapping[str, str], operation: Operation) -> dict[str, Any]:
    fields = properties(operation.request, operation.schemas)
    return {
        name: _read_text(text, resolve(fields.get(name, {}), operation.schemas))
        for name, text in form.items()
    }


def _read_text(text: str, schema: Schema) -> Any:
    kind = schema.get("type")
    if kind == "boolean":
        return WORDS.get(text.lower(), text)
    if kind in (None, "string"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _read_multipart(raw: bytes, content_type: str) -> dict[str, str]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + raw)
    parts: dict[str, str] = {}
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        name = part.get_param("name", header="Content-Disposition")
        if isinstance(name, str) and isinstance(content, bytes):
            parts[name] = content.decode("utf-8", "replace")
    return parts
