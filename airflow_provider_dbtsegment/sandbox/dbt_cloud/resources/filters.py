"""Which filters a list has: those that its document names, and those that all lists have."""

from collections.abc import Iterable, Mapping

from airflow_provider_dbtsegment.sandbox.dbt_cloud import query
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.document import Operation, Schema
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.schemas import (
    item_schema,
    properties,
    resolve,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import Filter, Page
from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record

COMMON: Mapping[str, Schema] = {
    "id__gt": {"type": "integer"},
    "name": {},
    "name__icontains": {},
    "pk": {"type": "integer"},
    "pk__in": {"type": "array"},
    "project_id": {"type": "integer"},
    "project_id__in": {"type": "array"},
    "state": {},
}
# Parameters that are not named after the field that they are about.
OWN: Mapping[str, Filter] = {
    "private_endpoint_id": query.equal("private_link_endpoint_id", str),
    "profile_ids": query.within("id"),
    "search": query.contains("name"),
    "state": query.state,
    "triggers_schedule": query.true_or_not("triggers", "schedule"),
}
NO_FILTERS = {"include_related", "limit", "offset", "order_by"}
SCALARS = {"string", "integer", "boolean", "number"}


def select(
    records: Iterable[Record],
    asked: Mapping[str, str],
    operation: Operation,
    *,
    ordered: bool = False,
) -> Page[Record]:
    """Filter, order and cut records as a list operation lets a caller ask.

    :param ordered: leave the order as it is.
    :raises InvalidError: when a parameter cannot be read.
    """
    fields = properties(item_schema(operation), operation.schemas)
    scalars = [
        name
        for name, one in fields.items()
        if resolve(one, operation.schemas).get("type") in SCALARS
    ]
    described = {**COMMON, **operation.query}
    filters = {
        name: filter_of(name, schema)
        for name, schema in described.items()
        if name not in NO_FILTERS
    }
    orders = None if ordered else ("id", *scalars)
    return query.select(records, asked, filters, orders)


def filter_of(name: str, schema: Schema) -> Filter:
    """Return the filter that a parameter's name and schema stand for."""
    if name in OWN:
        return OWN[name]
    field, _, test = name.replace("pk", "id", 1 if name.startswith("pk") else 0).partition("__")
    if test == "in":
        return query.within(field)
    if test == "range":
        return query.between(field)
    if test == "gt":
        return query.greater(field)
    if test == "icontains":
        return query.contains(field)
    kind = schema.get("type")
    if kind == "boolean":
        return query.true_or_not(field)
    return query.equal(field, int if kind == "integer" else str)
