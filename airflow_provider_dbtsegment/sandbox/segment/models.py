"""Create, read, change and delete models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from .body import Body
from .config import Source
from .errors import invalid, not_found
from .model import Model
from .model_store import ModelStore
from .schedules import ScheduleError, ScheduleStrategy, check_schedule


class ModelService:
    """The operations on models, with their checks."""

    def __init__(self, sources: Mapping[str, Source], models: ModelStore) -> None:
        self._sources = sources
        self._models = models

    def newest_first(self) -> list[tuple[int, Model]]:
        """List all models with the numbers that order them."""
        return self._models.newest_first()

    def get(self, model_id: str) -> Model:
        """Return a model."""
        model = self._models.find(model_id)
        if model is None:
            raise not_found("model", model_id, "modelId")
        return model

    def create(self, body: Body) -> Model:
        """Keep a new model; its query is first run by a sync."""
        model = Model(
            id=f"model_{uuid4().hex}",
            source_id=body.text("sourceId"),
            name=body.text("name"),
            description=body.text("description", may_be_empty=True),
            enabled=body.flag("enabled"),
            query=body.text("query"),
            query_identifier_column=body.text("queryIdentifierColumn"),
            **_schedule(body, ScheduleStrategy.MANUAL.value),
        )
        if model.source_id not in self._sources:
            raise not_found("source", model.source_id, "sourceId")
        self._models.put(model)
        return model

    def update(self, model_id: str, body: Body) -> Model:
        """Change the values that the body holds and leave the others."""
        model = self.get(model_id)
        changes = _schedule(body, model.schedule_strategy)
        if body.has("name"):
            changes["name"] = body.text("name")
        if body.has("description"):
            changes["description"] = body.text("description", may_be_empty=True)
        if body.has("enabled"):
            changes["enabled"] = body.flag("enabled")
        if body.has("query"):
            changes["query"] = body.text("query")
        if body.has("queryIdentifierColumn"):
            changes["query_identifier_column"] = body.text("queryIdentifierColumn")
        model = replace(model, **changes)
        self._models.put(model)
        return model

    def delete(self, model_id: str) -> None:
        """Forget a model; syncs that run finish, and stay readable."""
        self.get(model_id)
        self._models.delete(model_id)


def _schedule(body: Body, before: str) -> dict[str, Any]:
    """Return what the body says of the schedule, as values of a model.

    :param before: the strategy that holds if the body names none.
    """
    if not (body.has("scheduleStrategy") or body.has("scheduleConfig")):
        return {}
    strategy = before
    if body.has("scheduleStrategy"):
        strategy = body.choice("scheduleStrategy", ScheduleStrategy.values())
    if not body.has("scheduleConfig") and strategy == before:
        return {}
    config = body.mapping("scheduleConfig") if body.has("scheduleConfig") else {}
    try:
        check_schedule(strategy, config)
    except ScheduleError as error:
        field = f"scheduleConfig.{error.key}"
        raise invalid(field, f"{field} {error.problem}") from error
    return {"schedule_strategy": strategy, "schedule_config": config}
