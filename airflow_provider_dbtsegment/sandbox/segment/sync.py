"""A sync: one run of a model's query and the delivery of what has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from .times import iso


class SyncStatus(str, Enum):
    """How a sync stands; only IN_PROGRESS can still change."""

    IN_PROGRESS = "IN_PROGRESS"
    SUCCESS = "SUCCESS"
    PARTIAL_SUCCESS = "PARTIAL_SUCCESS"
    FAIL = "FAIL"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True)
class ExtractPhase:
    """Running the query and comparing its rows with what was delivered before."""

    started_at: float
    finished_at: float | None = None
    added: int = 0
    updated: int = 0
    deleted: int = 0
    error_code: str | None = None

    def to_api(self) -> dict[str, str]:
        """Spell the phase as the API does."""
        counts = {
            "addedCount": self.added,
            "updatedCount": self.updated,
            "deletedCount": self.deleted,
            "extractCount": self.added + self.updated + self.deleted,
        }
        return _phase(counts, self.started_at, self.finished_at, self.error_code)


@dataclass(frozen=True)
class LoadPhase:
    """Handing the changed rows to the destination."""

    started_at: float
    finished_at: float | None = None
    delivered: int = 0
    refused: int = 0
    error_code: str | None = None

    def to_api(self) -> dict[str, str]:
        """Spell the phase as the API does."""
        counts = {"deliverSuccessCount": self.delivered, "deliverFailureCount": self.refused}
        return _phase(counts, self.started_at, self.finished_at, self.error_code)


@dataclass(frozen=True)
class Sync:
    """One sync. ``ordinal`` grows with each start and survives restarts."""

    id: str
    ordinal: int
    source_id: str
    model_id: str
    mapping_id: str
    started_at: float
    finished_at: float | None = None
    status: SyncStatus = SyncStatus.IN_PROGRESS
    extract: ExtractPhase | None = None
    load: LoadPhase | None = None
    error: str | None = None
    error_code: str | None = None

    @property
    def is_running(self) -> bool:
        """Tell whether the sync has still to end."""
        return self.status is SyncStatus.IN_PROGRESS

    def to_api(self, now: float) -> dict[str, Any]:
        """Spell the sync as the API's ReverseETLSyncStatus; the duration is in milliseconds."""
        until = now if self.finished_at is None else self.finished_at
        answer: dict[str, Any] = {
            "syncId": self.id,
            "modelId": self.model_id,
            "sourceId": self.source_id,
            "syncStatus": self.status.value,
            "duration": str(max(0, round((until - self.started_at) * 1000))),
            "startedAt": iso(self.started_at),
        }
        if self.finished_at is not None:
            answer["finishedAt"] = iso(self.finished_at)
        if self.extract is not None:
            answer["extractPhase"] = self.extract.to_api()
        if self.load is not None:
            answer["loadPhase"] = self.load.to_api()
        if self.error is not None:
            answer["error"] = self.error
        if self.error_code is not None:
            answer["errorCode"] = self.error_code
        return answer

    def to_document(self) -> dict[str, Any]:
        """Return what the journal keeps."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Sync:
        """Read what ``to_document`` has written."""
        values = dict(document)
        values["status"] = SyncStatus(values["status"])
        if values["extract"] is not None:
            values["extract"] = ExtractPhase(**values["extract"])
        if values["load"] is not None:
            values["load"] = LoadPhase(**values["load"])
        return cls(**values)


def _phase(
    counts: Mapping[str, int], started_at: float, finished_at: float | None, code: str | None
) -> dict[str, str]:
    answer = {name: str(count) for name, count in counts.items()}
    answer["startedAt"] = iso(started_at)
    if finished_at is not None:
        answer["finishedAt"] = iso(finished_at)
    if code is not None:
        answer["errorCode"] = code
    return answer
