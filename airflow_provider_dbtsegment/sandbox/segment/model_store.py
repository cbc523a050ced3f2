"""The models: those of the configuration, and what the API has made of them since."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from .journal import Journal
from .model import Model


class ModelStore:
    """Holds models; changes by the API outlive a restart and win over the configuration.

    A model of the configuration that was deleted stays deleted until the state folder goes.
    """

    def __init__(self, configured: Mapping[str, Model], journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._models: dict[str, tuple[int, Model]] = {
            model.id: (ordinal, model) for ordinal, model in enumerate(configured.values(), start=1)
        }
        self._last_ordinal = len(self._models)
        for document in journal.read_all():
            self._recall(document)

    def find(self, model_id: str) -> Model | None:
        """Return a model as it stands now."""
        entry = self._models.get(model_id)
        return None if entry is None else entry[1]

    def newest_first(self) -> list[tuple[int, Model]]:
        """List all models with the numbers that order them."""
        with self._lock:
            return sorted(self._models.values(), key=lambda entry: entry[0], reverse=True)

    def put(self, model: Model) -> None:
        """Keep a new or a changed model."""
        with self._lock:
            if model.id in self._models:
                ordinal = self._models[model.id][0]
            else:
                ordinal = self._last_ordinal = self._last_ordinal + 1
            self._journal.write(model.id, {"ordinal": ordinal, "model": model.to_api()})
            self._models[model.id] = (ordinal, model)

    def delete(self, model_id: str) -> None:
        """Forget a model."""
        with self._lock:
            self._journal.write(model_id, {"id": model_id, "deleted": True})
            self._models.pop(model_id, None)

    def _recall(self, document: Mapping[str, Any]) -> None:
        if document.get("deleted"):
            self._models.pop(document["id"], None)
            return
        model = Model.from_api(document["model"])
        self._models[model.id] = (document["ordinal"], model)
        self._last_ordinal = max(self._last_ordinal, document["ordinal"])
