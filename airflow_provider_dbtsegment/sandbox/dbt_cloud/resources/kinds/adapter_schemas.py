"""Which fields an adapter's connections and credentials have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import InvalidError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.schemas import properties
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.replies import reply

if TYPE_CHECKING:
    from fastapi.responses import Response

    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call

# Names that the document spells in its own way.
SPELT = {"bigquery_v1": "BigqueryConnectionV1"}
CREDENTIALS = ("threads", "target_name")


def show_adapter(call: Call) -> Response:
    """Show the fields of the adapter that the query names."""
    version = call.query["adapter_version"]
    schemas = call.operation.schemas
    if version not in call.operation.query["adapter_version"]["enum"]:
        raise InvalidError("adapter_version", f"There is no adapter {version!r}.")
    name = version.rpartition("_")[0]
    title = name.replace("_", " ").title()
    connection = list(properties(schemas[connection_schema(version)], schemas))
    credentials = properties(schemas.get(f"{title.replace(' ', '')}Credentials"), schemas)
    adapter = {
        "metadata": {
            "title": title,
            "docs_link": f"https://docs.getdbt.com/docs/core/connect-data-platform/{name}-setup",
            "image_link": "",
        },
        "connection": _form(title, connection),
        "credential": _form(title, list(credentials or CREDENTIALS)),
    }
    return reply(call, {"adapter": adapter})


def connection_schema(version: str) -> str:
    """Return the name of the schema that an adapter's connections have."""
    name = version.rpartition("_")[0].replace("_", " ").title().replace(" ", "")
    return SPELT.get(version, f"{name}Connection")


def _form(title: str, fields: list[str]) -> dict[str, Any]:
    return {"field_order": fields, "field_groups": [{"name": title, "members": fields}]}


HANDLERS = {("GET", "/api/v3/adapter-schema/"): show_adapter}
