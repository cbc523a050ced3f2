"""Webhooks on their way: signed, sent, and sent again when nobody takes them."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud import times
from airflow_provider_dbtsegment.sandbox.dbt_cloud.identifiers import new_id
from airflow_provider_dbtsegment.sandbox.dbt_cloud.status import Status

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record, RecordStore
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.records import Run

SUBSCRIPTIONS, EVENTS, RECEIPTS = "webhooks", "webhook-events", "webhook-receipts"
TRIES = 5
ANSWER_SECONDS = 10.0
PAUSE_SECONDS = 1.0
EVENT_TYPES = ("job.run.started", "job.run.completed", "job.run.errored")


class WebhookDelivery:
    """Tells subscribers of runs."""

    def __init__(self, records: RecordStore, account_id: int) -> None:
        self._records = records
        self._account_id = account_id
        self._stopping = threading.Event()
        # Events are told one after the other, in the order of what happened.
        self._tellers = ThreadPoolExecutor(1, thread_name_prefix="webhook-events")
        self._senders = ThreadPoolExecutor(4, thread_name_prefix="webhook")
        self._waiting: set[threading.Timer] = set()

    def on_run(self, old: Run | None, run: Run) -> None:
        """Note a change of a run. It waits for nobody: whoever changes runs holds their lock."""
        if old is None or old.status == run.status:
            return
        with suppress(RuntimeError):  # it is stopping
            self._tellers.submit(self._tell, run)

    def _tell(self, run: Run) -> None:
        """Queue what a change of a run means to subscribers."""
        for event_type in _events_of(run.status):
            for one in self._records.all(SUBSCRIPTIONS):
                wants_job = not one.get("job_ids") or run.job_id in one["job_ids"]
                if one["active"] and event_type in one["event_types"] and wants_job:
                    event = self._event(one, event_type, self._about(run))
                    self._senders.submit(self._send, one, event, 1)

    def send_test(self, subscription: Record) -> str:
        """Send an event of no run, once; return its id."""
        data = {"jobId": "0", "runId": "0", "runStatus": "Test", "runReason": "Test"}
        event = self._event(subscription, EVENT_TYPES[0], data)
        self._send(subscription, event, TRIES)
        return str(event["id"])

    def stop(self) -> None:
        """Give up what is under way."""
        self._stopping.set()
        self._tellers.shutdown(wait=True, cancel_futures=True)
        for timer in list(self._waiting):
            timer.cancel()
        self._senders.shutdown(wait=True, cancel_futures=True)

    def _event(self, subscription: Record, event_type: str, data: dict[str, Any]) -> dict[str, Any]:
        event_id, at = new_id("wev_"), times.text(self._records.clock.now())
        payload = {
            "accountId": self._account_id,
            "webhookId": subscription["id"],
            "eventId": event_id,
            "timestamp": at,
            "eventType": event_type,
            "webhookName": subscription["name"],
            "data": data,
        }
        return {
            "id": event_id,
            "subscription_id": subscription["id"],
            "account_identifier": str(self._account_id),
            "job_id": data["jobId"],
            "trigger_event_type": event_type,
            "payload": json.dumps(payload),
            "http_status_code": "",
            "account_id": str(self._account_id),
            "created_at": at,
        }

    def _send(self, subscription: Record, event: dict[str, Any], number: int) -> None:
        """Try for the so many-th time; when nobody takes it, the next try waits its turn."""
        code = self._try(subscription, event["id"], event["payload"].encode())
        self._records.put(EVENTS, {**event, "http_status_code": code})
        if code.startswith("2") or number >= TRIES or self._stopping.is_set():
            return

        def again() -> None:
            self._waiting.discard(timer)
            if not self._stopping.is_set():
                self._senders.submit(self._send, subscription, event, number + 1)

        timer = threading.Timer(PAUSE_SECONDS * 2**number, again)
        timer.daemon = True
        self._waiting.add(timer)
        timer.start()

    def _try(self, subscription: Record, event_id: str, body: bytes) -> str:
        sent_at = times.text(self._records.clock.now())
        signature = hmac.new(str(subscription["_secret"]).encode(), body, hashlib.sha256)
        headers = {"Content-Type": "application/json", "Authorization": signature.hexdigest()}
        code, answer, error_info = _post(subscription["client_url"], headers, body)
        with self._records.transaction():
            self._records.put(
                RECEIPTS,
                {
                    "id": new_id("wrc_"),
                    "event_id": event_id,
                    "subscription_id": subscription["id"],
                    "dispatched_at": sent_at,
                    "http_status_code": code,
                    "error_info": error_info,
                    "request_body": body.decode(),
                    "request_headers": json.dumps(headers),
                    "response_body": answer,
                    "created_at": sent_at,
                },
            )
            current = self._records.get(SUBSCRIPTIONS, subscription["id"])
            if current is not None:
                told = {"http_status_code": code, "dispatched_at": sent_at}
                self._records.put(SUBSCRIPTIONS, {**current, **told})
        return code

    def _about(self, run: Run) -> dict[str, Any]:
        names = {
            kind: (self._records.get(kind, one) or {}).get("name", "")
            for kind, one in (
                ("jobs", run.job_id),
                ("environments", run.environment_id),
                ("projects", run.project_id),
            )
        }
        return {
            "jobId": str(run.job_id),
            "jobName": names["jobs"],
            "runId": str(run.id),
            "environmentId": str(run.environment_id),
            "environmentName": names["environments"],
            "projectId": str(run.project_id),
            "projectName": names["projects"],
            "dbtVersion": run.dbt_version,
            "runStatus": "Errored" if run.status is Status.ERROR else run.status.humanized,
            "runStatusCode": int(run.status),
            "runStatusMessage": run.status_message or "None",
            "runReason": run.trigger.cause,
            "runStartedAt": times.text(run.started_at),
            "runFinishedAt": times.text(run.finished_at),
        }


def _events_of(status: Status) -> tuple[str, ...]:
    if status is Status.RUNNING:
        return EVENT_TYPES[:1]
    if status is Status.ERROR:
        return EVENT_TYPES[1:]
    return EVENT_TYPES[1:2] if status.is_terminal else ()


def _post(url: str, headers: dict[str, str], body: bytes) -> tuple[str, str, str]:
    """Send; return the status, the beginning of the answer, and what went wrong."""
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - checked
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
            return str(answer.status), answer.read(1000).decode("utf-8", "replace"), ""
    except urllib.error.HTTPError as error:
        return str(error.code), error.read(1000).decode("utf-8", "replace"), str(error)
    except (OSError, ValueError) as error:
        return "", "", str(error)
