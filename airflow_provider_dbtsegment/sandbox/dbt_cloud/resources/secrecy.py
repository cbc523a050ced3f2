"""Secrets are taken and forgotten: what nobody may read again is not even kept."""

import re
from collections.abc import Mapping
from typing import Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.document import Schema, Schemas
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.schemas import (
    properties,
    resolve,
    write_only,
)

SECRET = re.compile(
    r"passw|secret|passphrase|private_key$|(^|_)token($|_value)|ciphertext|keyfile|credential_details"
)


def without_secrets(value: Any, schema: Schema | None, schemas: Schemas) -> Any:
    """Return a body without what is written only, at any depth."""
    if isinstance(value, list):
        items = resolve(schema, schemas).get("items") if schema else None
        return [without_secrets(one, items, schemas) for one in value]
    if not isinstance(value, Mapping):
        return value
    hidden = write_only(schema, schemas)
    fields = properties(schema, schemas)
    return {
        name: without_secrets(one, fields.get(name), schemas)
        for name, one in value.items()
        if name not in hidden and not SECRET.search(name)
    }
