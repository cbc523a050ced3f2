"""Tokens that were made through the API: only digests of them are kept."""

import hashlib

from airflow_provider_dbtsegment.sandbox.dbt_cloud.actor import Actor
from airflow_provider_dbtsegment.sandbox.dbt_cloud.identifiers import new_id
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import DELETED
from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record, RecordStore

SERVICE_TOKENS = "service-tokens"
USER_TOKENS = "account-apikeys"


def new_token(kind: str) -> tuple[str, str]:
    """Make a token of a kind, and return it with its digest."""
    token = new_id("dbtc_" if kind == SERVICE_TOKENS else "dbtu_")
    return token, digest(token)


def digest(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def owner_of(records: RecordStore, token: str) -> Actor | None:
    """Return whose token it is; None when it opens nothing, or no longer."""
    wanted = digest(token)
    for kind in (SERVICE_TOKENS, USER_TOKENS):
        for record in records.all(kind):
            if record.get("_digest") == wanted and record.get("state") != DELETED:
                return _actor(records, kind, record)
    return None


def _actor(records: RecordStore, kind: str, record: Record) -> Actor | None:
    if kind == SERVICE_TOKENS:
        return Actor(record["name"], service_token_id=record["id"])
    user = records.get("users", record["user_id"])
    if user is None or not user.get("is_active"):
        return None
    return Actor(str(user["email"]), user_id=record["user_id"])
