"""The documents of both services, and samples of what they allow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import airflow_provider_dbtsegment
from tests.endpoints.documents import Operation, read_operations
from tests.endpoints.table import Row, Sent

DATA = Path(__file__).parent.parent / "data"
OPENAPI = Path(airflow_provider_dbtsegment.__file__).parent / "sandbox" / "dbt_cloud" / "openapi"
DBT_CLOUD = read_operations(OPENAPI / "dbt-cloud-v2.json", OPENAPI / "dbt-cloud-v3.json")
SEGMENT = read_operations(DATA / "segment-reverse-etl.yaml")

#: What a method fills in itself, where the path says it.
FILLED = {"account_id", "project_id", "state", "id", "pk"}

#: What the package reads of an answer, whether the document promises it or not.
ANYTHING = {"id": 7, "status": 10, "project_id": 10}


def operation_of(service: str, sent: Sent) -> Operation | None:
    operations = DBT_CLOUD if service == "dbt_cloud" else SEGMENT
    for operation in operations:
        if operation.method == sent.method and operation.match(sent.path) is not None:
            return operation
    return None


def sample_for(service: str, row: Row) -> Any:
    """Return the body that a call is given: what the document wants, less what is filled in."""
    sent = next(sent for sent in row.sends if sent.method != "GET" or len(row.sends) == 1)
    operation = operation_of(service, sent)
    if operation is None or operation.request_schema is None:
        return {"name": "x"}
    body = operation.sample(operation.request_schema)
    if not isinstance(body, dict) or "/accounts/" not in sent.path:
        return body
    known = FILLED if "/projects/" in operation.template else FILLED - {"project_id"}
    return {name: value for name, value in body.items() if name not in known}


def answer_to(service: str, sent: Sent) -> Any:
    """Return the body that is answered: what the row says, or what the document says."""
    data, wraps = sent.answer, True
    operation = operation_of(service, sent)
    if data is None and operation is not None and operation.answer_schema is not None:
        body = operation.sample(operation.answer_schema)
        wraps = isinstance(body, dict) and "data" in body
        data = body["data"] if wraps else body
        data = [] if isinstance(data, list) else {**ANYTHING, **data}
    if service == "segment":
        return {"data": data}
    total = {"count": 0, "total_count": 0}
    return {"data": data, "status": {}, "extra": {"pagination": total}} if wraps else data
