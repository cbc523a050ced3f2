"""What the id of a node, such as ``model.shop.customers``, says of it."""

from __future__ import annotations

from airflow_provider_dbtsegment.texts import harmless, word

#: Characters that are kept of a name, and that are looked at for a type.
_MOST_OF_A_NAME = 200
_LOOKED_AT = 100


def node_type(unique_id: str) -> str:
    """Return ``model`` of ``model.shop.customers``."""
    return word(unique_id.split(".", 1)[0][:_LOOKED_AT])


def node_name(unique_id: str) -> str:
    """Return ``customers`` of ``model.shop.customers``, and a test's name without its hash."""
    parts = unique_id.split(".")
    name = ".".join(parts[2:3] if parts[0] == "test" else parts[2:])
    return harmless(name or unique_id, _MOST_OF_A_NAME)
