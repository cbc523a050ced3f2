"""Since when looking fails, for a sensor that is a process of its own at each of its looks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.compat import state_store_of
from airflow_provider_dbtsegment.exceptions import RateLimitedError, RequestError

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_dbtsegment.launching.protocol import StateStore
    from airflow_provider_dbtsegment.patience import Patience

#: The key in the ledger.
FAULTS = "dbtsegment_faults"


@dataclass(frozen=True)
class NotedFaults:
    """Faults in a row, written down where Airflow can remember it; nothing where it cannot."""

    ledger: StateStore | None
    try_number: int
    log: Any

    @classmethod
    def of(cls, context: Context, log: Any) -> NotedFaults:
        """Return what is noted for this try of a task."""
        task_instance: Any = context["ti"]
        return cls(state_store_of(context), task_instance.try_number, log)

    def add(self, error: RequestError, patience: Patience) -> None:
        """
        Let a wait take note of a fault as of the first one in the row.

        :raises DbtSegmentError: When that is not to be survived.
        """
        since = self._since()
        now = time.time()
        if since is not None:
            patience.fault(error, min(since, now))
        patience.fault(error, now)
        # A service that is busy is not out of reach.
        if since is None and not isinstance(error, RateLimitedError):
            self._write({"try": self.try_number, "since": now})

    def clear(self) -> None:
        """Forget the row: there was an answer."""
        if self._since() is not None:
            self._write({})

    def _since(self) -> float | None:
        try:
            noted = self.ledger.get(FAULTS) if self.ledger is not None else None
        except Exception as error:
            self.log.warning("What was noted of earlier looks cannot be read: %s", error)
            return None
        if not isinstance(noted, dict) or noted.get("try") != self.try_number:
            return None
        return float(noted["since"])

    def _write(self, faults: dict[str, Any]) -> None:
        if self.ledger is None:
            return
        try:
            self.ledger.set(FAULTS, faults)
        except Exception as error:
            self.log.warning("It could not be noted for later looks: %s", error)
