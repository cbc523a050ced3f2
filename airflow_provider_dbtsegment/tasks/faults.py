"""What a sensor that is a process of its own at each poll remembers from one to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.compat import state_store_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_dbtsegment.launching.protocol import StateStore
    from airflow_provider_dbtsegment.patience import Patience
    from airflow_provider_dbtsegment.watching.clock import Moment

#: The key in the ledger.
FAULTS = "dbtsegment_faults"


@dataclass
class NotedFaults:
    """
    Since when the service is out of reach, and whether it has shown what is waited for.

    It is written down where Airflow can remember it, and forgotten elsewhere.
    """

    ledger: StateStore | None
    try_number: int
    log: Any
    _noted: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, context: Context, log: Any) -> NotedFaults:
        """Return what is noted for this try of a task."""
        task_instance: Any = context["ti"]
        return cls(state_store_of(context), task_instance.try_number, log)

    def load(self, patience: Patience, now: Moment) -> None:
        """Let a wait take over what an earlier process has noted."""
        if self.ledger is None:
            return
        try:
            noted = self.ledger.get(FAULTS)
        except Exception as error:
            self.log.warning("What was noted of earlier looks cannot be read: %s", error)
            return
        if isinstance(noted, dict) and noted.get("try") == self.try_number:
            self._noted = noted
        since = self._noted.get("since")
        faulty_since = float(since) if isinstance(since, (int, float)) else None
        patience.resume(now, seen=self._noted.get("seen") is True, faulty_since=faulty_since)

    def save(self, patience: Patience, now: Moment) -> None:
        """Note what a later process needs to know, if that has changed."""
        since = patience.faulty_since(now)
        noted: dict[str, Any] = {"seen": True} if patience.seen else {}
        if since is not None:
            noted["since"] = self._noted.get("since", since)
        noted = {"try": self.try_number, **noted} if noted else {}
        if self.ledger is None or noted == self._noted:
            return
        try:
            self.ledger.set(FAULTS, noted)
            self._noted = noted
        except Exception as error:
            self.log.warning("It could not be noted for later looks: %s", error)
