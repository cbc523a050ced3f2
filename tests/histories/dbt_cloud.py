"""A made-up dbt Cloud: one job and its runs, as far as launching and waiting ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.job_launch import JobLaunch
from airflow_provider_dbtsegment.dbt_cloud.run_source import RunSource
from airflow_provider_dbtsegment.exceptions import InvalidRequestError
from airflow_provider_dbtsegment.marker import Marker
from airflow_provider_dbtsegment.outcomes import Outcome
from tests.histories.service import WHERE, Simulated, Thing
from tests.histories.world import World

JOB = 5
CODES = {Outcome.SUCCESS: 10, Outcome.FAILED: 20, Outcome.CANCELLED: 30}
GOING_ON = {"queued": 1, "starting": 2, "running": 3}
#: Causes of runs that others start; one is the mark of another task.
OTHERS = ("scheduled", "somebody [af:000000000000/1]", None)


class DbtCloud(Simulated):
    """The methods of the API that are used, by their names and rules."""

    can_be_marked = True

    def __init__(self, world: World, longest_trouble: float) -> None:
        super().__init__(world, longest_trouble)
        self.settings = SimpleNamespace(transport=SimpleNamespace(base_url=WHERE["url"]))
        self._ahead = world.tape.pick((0.0, 30.0, -30.0))
        self._tells_time = world.tape.pick((True, False))
        #: Few can be asked for at once, so that some histories read the feed.
        self._batch_size = world.tape.pick((100, 2))
        self.budget = SimpleNamespace(free_in=lambda: 0.0)
        self._retry_keeps_cause = world.tape.pick((False, True))
        self._bulk = world.tape.pick(("fine", "leaves out", "refused"))
        self._feed = world.tape.pick(("fine", "leaves out", "refused", "unheeded"))

    def launchable(self, marker: Marker, since: float) -> JobLaunch:
        """Return how a try launches."""
        return JobLaunch(self, JOB, {"cause": "Airflow: d.t"}, marker)  # type: ignore[arg-type]

    def source(self) -> RunSource:
        """Return how it is waited for."""
        source = RunSource(self)  # type: ignore[arg-type]
        source.batch_size = self._batch_size
        return source

    @property
    def transport(self) -> Any:
        """What answers tell besides what was asked for."""
        time = self.world.now + self._ahead if self._tells_time else None
        return SimpleNamespace(server_time=time)

    def key(self, id: int) -> int:
        """Return by what a run is waited for."""
        return id

    def somebody_starts(self) -> None:
        """Let somebody else start a run."""
        self.others_start(self.world.tape.pick(OTHERS))

    # The API.

    def trigger_job(self, job_id: int, payload: dict[str, Any], **_: Any) -> dict[str, Any]:
        def make(now: float) -> Thing:
            return self.new(now, sender=sender, claimed=sender, cause=payload["cause"])

        sender = self.sender
        return self._shown_as(self.start("POST run", make))

    def retry_run(self, run_id: int, **_: Any) -> dict[str, Any]:
        failed = self.by_id(run_id)
        if not self._can_retry(failed):
            raise InvalidRequestError("RETRY_NOT_LATEST_RUN", **WHERE, status=400)
        cause = failed.cause if self._retry_keeps_cause else None
        sender = self.sender

        def make(now: float) -> Thing:
            return self.new(now, sender=sender, claimed=sender, cause=cause, retrying=run_id)

        return self._shown_as(self.start("POST retry", make))

    def get_run(self, run_id: int, **_: Any) -> dict[str, Any]:
        return self.call("GET run", lambda: self._shown_as(self.by_id(run_id)))

    def list_runs(
        self,
        *,
        run_ids: Sequence[int] | None = None,
        status: Sequence[int | str] | None = None,
        finished_at: tuple[str, str] | None = None,
        limit: int,
        **_: Any,
    ) -> list[dict[str, Any]]:
        def read() -> list[dict[str, Any]]:
            runs = [self._shown_as(thing) for thing in self.shown()]
            if run_ids is not None:
                runs = [run for run in runs if run["id"] in run_ids]
                runs = runs[:-1] if self._bulk == "leaves out" else runs
            if status is not None:
                codes = [GOING_ON.get(str(name), name) for name in status]
                runs = [run for run in runs if run["status"] in codes]
            if finished_at is not None and self._feed != "unheeded":
                runs = [run for run in runs if finished_at[0] <= (run["finished_at"] or "")]
                runs = [] if self._feed == "leaves out" else runs
            return runs[:limit]

        asked = self._feed if finished_at is not None else self._bulk
        if (run_ids is not None or finished_at is not None) and asked == "refused":
            raise InvalidRequestError("no", **WHERE, status=400)
        return self.call("GET runs", read)

    def cancel_run(self, run_id: int, **_: Any) -> None:
        stops_after = self.world.tape.pick((0.0, 5.0, 40.0))
        self.call("POST cancel", lambda: self.by_id(run_id).cancel(self.world.now, stops_after))

    def close(self) -> None: ...

    @staticmethod
    def _iso(at: float) -> str:
        return datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="microseconds")

    def _can_retry(self, run: Thing) -> bool:
        return run is self.things[-1] and run.outcome(self.world.now) is Outcome.FAILED

    def _shown_as(self, run: Thing) -> dict[str, Any]:
        now = self.world.now
        outcome = run.outcome(now)
        status = CODES[outcome] if outcome else 3 if now - run.began > 2 else 1
        return {
            "id": run.id,
            "job_definition_id": JOB,
            "status": status,
            "is_complete": outcome is not None,
            "finished_at": None if outcome is None else self._iso(run.ends + self._ahead),
            "retrying_run_id": run.retrying,
            "can_retry": self._can_retry(run),
            "trigger": {"cause": run.cause, "job_definition_id": JOB},
        }
