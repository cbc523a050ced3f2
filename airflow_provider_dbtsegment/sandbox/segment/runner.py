"""Carry out one sync, from the query to the destination."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from ..warehouse import Warehouse, WarehouseBusyError, WarehouseMissingError
from .changes import Change, Changes
from .config import MappingSettings
from .destinations import Destination, Record
from .errors import SyncFailed
from .extract import extract
from .folders import Folders
from .model import Model
from .stop import Stopped, StopReason, StopSignal
from .sync import ExtractPhase, LoadPhase, Sync, SyncStatus
from .sync_store import SERVER_STOPPED, SyncStore
from .times import Clock, iso

logger = logging.getLogger(__name__)

_REFUSED = "RecordsRefused"
_LOOK_UP_SECONDS = 0.2  # how often somebody who waits for the warehouse looks up for a cancel
_THROTTLED_BATCHES_PER_SECOND = 10


@dataclass(frozen=True)
class Plan:
    """What a sync works with, as it was when the sync was started."""

    model: Model
    mapping: MappingSettings
    warehouse: Warehouse
    destination: Destination


class SyncRunner:
    """Runs syncs on the calling thread and keeps their records up to date."""

    def __init__(self, syncs: SyncStore, folders: Folders, clock: Clock) -> None:
        self._syncs = syncs
        self._folders = folders
        self._clock = clock

    def run(self, sync_id: str, plan: Plan, stop: StopSignal) -> None:
        """Run a sync to its end; whatever happens ends up in its record."""
        try:
            stop.check()
            self._run(sync_id, plan, stop)
        except Stopped as stopped:
            if stopped.reason is StopReason.CANCELLED:
                self._end(sync_id, SyncStatus.CANCELLED, "SyncCanceled", "The sync was cancelled.")
            else:
                message = "The server stopped while this sync was running."
                self._end(sync_id, SyncStatus.FAIL, SERVER_STOPPED, message)
        except SyncFailed as failure:
            self._end(sync_id, SyncStatus.FAIL, failure.code, failure.message)
        except Exception as error:
            logger.exception("Sync %s failed for a reason that is ours", sync_id)
            message = f"{type(error).__name__}: {error}"
            self._end(sync_id, SyncStatus.FAIL, "InternalError", message)
        finally:
            shutil.rmtree(self._folders.scratch(sync_id), ignore_errors=True)

    def _run(self, sync_id: str, plan: Plan, stop: StopSignal) -> None:
        scratch = self._folders.scratch(sync_id)
        scratch.mkdir(parents=True, exist_ok=True)
        phase = ExtractPhase(started_at=self._clock())
        self._syncs.change(sync_id, extract=phase)

        rows = scratch / "rows.parquet"
        with _open(plan.warehouse, stop) as connection:
            columns = extract(connection, plan.model, rows, stop)
        _check_fields(plan.mapping, columns)

        snapshot = self._folders.snapshot(plan.mapping.id)
        with Changes(rows, snapshot, scratch, stop) as changes:
            counts = changes.compute(plan.model.query_identifier_column)
            self._syncs.change(
                sync_id,
                extract=replace(
                    phase,
                    finished_at=self._clock(),
                    added=counts.added,
                    updated=counts.updated,
                    deleted=counts.deleted,
                ),
                load=LoadPhase(started_at=self._clock()),
            )
            try:
                example = self._deliver(sync_id, plan, changes, stop)
            finally:
                changes.remember()
        self._conclude(sync_id, example)

    def _deliver(self, sync_id: str, plan: Plan, changes: Changes, stop: StopSignal) -> str:
        """Hand all batches to the destination and return the reasons of one refusal, or ''."""
        example = ""
        pace = _Pace(plan.mapping.throttle_rows_per_second, plan.destination.batch_size, stop)
        for batch in changes.batches(pace.batch_size):
            stop.check()
            now = iso(self._clock())
            records = [_record(change, sync_id, plan, now) for change in batch]
            refusals = plan.destination.deliver(records)
            changes.settle(batch, [batch[refusal.position].number for refusal in refusals])
            if refusals and not example:
                first = refusals[0]
                example = f"{batch[first.position].id}: {'; '.join(first.reasons)}"
            self._count(sync_id, len(batch) - len(refusals), len(refusals))
            pace.keep(len(batch))
        return example

    def _count(self, sync_id: str, delivered: int, refused: int) -> None:
        load = self._load(sync_id)
        counted = replace(
            load, delivered=load.delivered + delivered, refused=load.refused + refused
        )
        self._syncs.change(sync_id, write=False, load=counted)

    def _conclude(self, sync_id: str, example: str) -> None:
        load = self._load(sync_id)
        if not load.refused:
            self._end(sync_id, SyncStatus.SUCCESS)
            return
        message = (
            f"The destination refused {load.refused} of {load.delivered + load.refused} records, "
            f"for example {example}."
        )
        if load.delivered:
            # Only what ends a sync early, or leaves it without a delivery, has a code of its own.
            self._end(sync_id, SyncStatus.PARTIAL_SUCCESS, None, message, load_code=_REFUSED)
        else:
            self._end(sync_id, SyncStatus.FAIL, "AllRecordsRefused", message, load_code=_REFUSED)

    def _end(
        self,
        sync_id: str,
        status: SyncStatus,
        code: str | None = None,
        message: str | None = None,
        *,
        load_code: str | None = None,
    ) -> None:
        """Close the phase that is open, with a code, and then the sync."""
        now = self._clock()
        sync = self._sync(sync_id)
        values: dict[str, Any] = {}
        if sync.load is not None:
            values["load"] = replace(sync.load, finished_at=now, error_code=load_code or code)
        elif sync.extract is not None:
            values["extract"] = replace(sync.extract, finished_at=now, error_code=code)
        self._syncs.change(
            sync_id, status=status, finished_at=now, error=message, error_code=code, **values
        )

    def _load(self, sync_id: str) -> LoadPhase:
        load = self._sync(sync_id).load
        if load is None:
            raise RuntimeError(f"Sync {sync_id} has not begun to load.")
        return load

    def _sync(self, sync_id: str) -> Sync:
        sync = self._syncs.find(sync_id)
        if sync is None:
            raise RuntimeError(f"Sync {sync_id} is not known.")
        return sync


@contextmanager
def _open(warehouse: Warehouse, stop: StopSignal) -> Iterator[duckdb.DuckDBPyConnection]:
    """Wait for the warehouse, for as long as others need it, and open it."""
    with ExitStack() as stack:
        while True:
            stop.check()
            try:
                connection = stack.enter_context(warehouse.read(timeout=_LOOK_UP_SECONDS))
                break
            except WarehouseBusyError:
                continue
            except WarehouseMissingError as error:
                raise SyncFailed("SourceUnavailable", str(error)) from error
        yield connection


class _Pace:
    """Keeps a delivery at so many rows a second, in small batches so that it looks even."""

    def __init__(self, rows_per_second: float | None, batch_size: int, stop: StopSignal) -> None:
        self._rows_per_second = rows_per_second
        self._stop = stop
        self._started = time.monotonic()
        self._rows = 0
        self.batch_size = batch_size
        if rows_per_second is not None:
            share = int(rows_per_second / _THROTTLED_BATCHES_PER_SECOND)
            self.batch_size = max(1, min(batch_size, share))

    def keep(self, rows: int) -> None:
        """Wait until the rows up to now have had their time."""
        if self._rows_per_second is None:
            return
        self._rows += rows
        due = self._started + self._rows / self._rows_per_second
        self._stop.wait(max(0.0, due - time.monotonic()))


def _check_fields(mapping: MappingSettings, columns: list[str]) -> None:
    missing = sorted(set(mapping.fields.values()) - set(columns))
    if missing:
        raise SyncFailed(
            "MappedColumnMissing",
            f"The mapping {mapping.id!r} takes the column {missing[0]!r}, which the query does not "
            f"return; its columns are {', '.join(columns)}.",
        )


# JSON has no NaN and no infinities, but DuckDB writes them.
_read_row: Callable[[str], dict[str, Any]] = json.JSONDecoder(parse_constant=str).decode


def _record(change: Change, sync_id: str, plan: Plan, now: str) -> Record:
    row: Mapping[str, Any] = _read_row(change.row)
    if plan.mapping.fields:
        row = {name: row.get(column) for name, column in plan.mapping.fields.items()}
    return Record(
        operation=change.operation,
        id=change.id,
        row=row,
        sync_id=sync_id,
        model_id=plan.model.id,
        subscription_id=plan.mapping.id,
        delivered_at=now,
    )
