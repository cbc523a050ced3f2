"""A Reverse ETL model: a query on a source, with the column that identifies its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .schedules import ScheduleStrategy


@dataclass(frozen=True)
class Model:
    """What the API calls ReverseEtlModel."""

    id: str
    source_id: str
    name: str
    description: str
    enabled: bool
    query: str
    query_identifier_column: str
    schedule_strategy: str = ScheduleStrategy.MANUAL.value
    schedule_config: Mapping[str, Any] = field(default_factory=dict)

    def to_api(self) -> dict[str, Any]:
        """Spell the model as the API does."""
        return {
            "id": self.id,
            "sourceId": self.source_id,
            "name": self.name,
            "description": self.description,
            "enabled": self.enabled,
            "query": self.query,
            "queryIdentifierColumn": self.query_identifier_column,
            "scheduleStrategy": self.schedule_strategy,
            "scheduleConfig": dict(self.schedule_config),
        }

    @classmethod
    def from_api(cls, values: Mapping[str, Any]) -> Model:
        """Read what ``to_api`` has written; values are taken as they are."""
        return cls(
            id=values["id"],
            source_id=values["sourceId"],
            name=values["name"],
            description=values["description"],
            enabled=values["enabled"],
            query=values["query"],
            query_identifier_column=values["queryIdentifierColumn"],
            schedule_strategy=values.get("scheduleStrategy", ScheduleStrategy.MANUAL.value),
            schedule_config=values.get("scheduleConfig", {}),
        )
