"""What the services have started, told by themselves at that moment."""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.records import Run
    from airflow_provider_dbtsegment.sandbox.segment.dbt_model_syncs import DbtModelSyncTrigger
    from airflow_provider_dbtsegment.sandbox.segment.sync import Sync

DBT_CLOUD, SEGMENT = "dbt_cloud", "segment"
_MARKER = re.compile(r"\[af:[^\]]*\]")


@dataclass(frozen=True)
class Started:
    """Something that a service has started.

    :param service: ``dbt_cloud`` or ``segment``.
    :param kind: ``run``, ``retry``, ``sync`` or ``dbt_model_sync``.
    :param about: the id of the job, of the mapping or of the source.
    :param marker: the last ``[af:…]`` in the cause. A retry has the cause of what it retries.
    :param at: seconds since 1970 by the clock of this machine, whatever the service's clock shows.
    """

    service: str
    kind: str
    id: int | str
    about: int | str
    marker: str | None
    at: float


class Ledger:
    """Grows with each start, in a file of the state folder too, so that a restart forgets nothing.

    A start is written down before the request that made it is answered, or is not.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._started: list[Started] = []
        self._births: dict[tuple[str, str], float] = {}
        if file.exists():
            self._started = list(map(_read, file.read_text(encoding="utf-8").splitlines()))

    def all(self) -> list[Started]:
        """List what was started, oldest first."""
        with self._lock:
            return list(self._started)

    def is_younger(self, service: str, thing_id: str, seconds: float) -> bool:
        """Tell whether a run or a sync was started within the last seconds."""
        with self._lock:
            born = self._births.get((service, thing_id))
        return born is not None and time.monotonic() - born < seconds

    def any_younger(self, service: str, seconds: float) -> bool:
        """Tell whether the service has started anything within the last seconds."""
        with self._lock:
            births = [born for (whose, _), born in self._births.items() if whose == service]
        return bool(births) and time.monotonic() - births[-1] < seconds

    def on_run(self, old: Run | None, run: Run) -> None:
        """Note a run that was not there before."""
        if old is not None:
            return
        kind = "run" if run.retrying_run_id is None else "retry"
        markers = _MARKER.findall(run.trigger.cause)
        self._add(DBT_CLOUD, kind, run.id, run.job_id, markers[-1] if markers else None)

    def on_sync(self, sync: Sync) -> None:
        """Note a sync."""
        self._add(SEGMENT, "sync", sync.id, sync.mapping_id)

    def on_dbt_model_sync(self, trigger: DbtModelSyncTrigger) -> None:
        """Note that a source is to read its dbt models."""
        self._add(SEGMENT, "dbt_model_sync", trigger.id, trigger.source_id)

    def _add(
        self,
        service: str,
        kind: str,
        thing_id: int | str,
        about: int | str,
        marker: str | None = None,
    ) -> None:
        one = Started(service, kind, thing_id, about, marker, time.time())
        with self._lock:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(one)) + "\n")
            self._started.append(one)
            self._births[service, str(thing_id)] = time.monotonic()


def _read(line: str) -> Started:
    return Started(**json.loads(line))
