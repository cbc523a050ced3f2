"""A simulated dbt Cloud: two jobs and their runs, as far as launching and waiting ask for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.job_launcher import JobLauncher
from airflow_provider_dbtsegment.dbt_cloud.run_source import RunSource
from airflow_provider_dbtsegment.exceptions import InvalidRequestError
from airflow_provider_dbtsegment.launching.marker import Marker
from airflow_provider_dbtsegment.outcomes import Outcome
from tests.histories.service import WHERE, Simulated, Thing
from tests.histories.world import World
from tests.watched_source import of_service

JOBS = (5, 6)
CODES = {Outcome.SUCCESS: 10, Outcome.FAILED: 20, Outcome.CANCELLED: 30}
ACTIVE = {"queued": 1, "starting": 2, "running": 3}
#: The actors of cancellations; the one of our token is 1.
ACTORS = {"us": {"id": 1, "type": "service_token"}, "person": {"id": 7, "type": "user"}}


class DbtCloud(Simulated):
    """The service: its runs, and how it answers."""

    can_be_marked = True

    def __init__(self, world: World, longest_trouble: float) -> None:
        super().__init__(world, longest_trouble)
        self.ahead = world.tape.pick((0.0, 30.0, -30.0))
        self.tells_time = world.tape.pick((True, False))
        #: Few can be asked for at once, so that some histories read the feed.
        self.batch_size = world.tape.pick((100, 2))
        self.retry_keeps_cause = world.tape.pick((False, True))
        self.bulk = world.tape.pick(("fine", "leaves out", "refused"))
        self.feed = world.tape.pick(("fine", "leaves out", "refused", "unheeded"))
        #: The marker of the same task instance in another deployment.
        self.foreign_marker = ""

    def launcher(self, marker: Marker, work: int, **_: Any) -> JobLauncher:
        """Return how an attempt starts a run."""
        payload = {"cause": "Airflow: d.t"}
        return JobLauncher(self.client(marker.attempt), JOBS[work], payload, marker)  # type: ignore[arg-type]

    def client(self, sender: int) -> Client:
        """Return the API as an attempt has it."""
        return Client(self, sender)

    def source(self) -> RunSource:
        """Return how it is waited for."""
        source = RunSource(self.client(0))  # type: ignore[arg-type]
        source.batch_size = self.batch_size
        return source

    def key(self, id: int) -> int:
        """Return by what a run is waited for."""
        return id

    def somebody_starts(self) -> None:
        """Let somebody else start a run: another deployment, or a person with a copied cause."""
        now = self.world.now
        ours = [one.cause for one in self.things if one.sender and one.cause and one.shown <= now]
        copied = ours[-1] if ours else None
        other = f"{self.foreign_marker} Airflow: d.t"
        self.others_start(self.world.tape.pick(("scheduled", other, None, copied)))

    def can_retry(self, run: Thing) -> bool:
        """Return whether dbt Cloud can resume a run."""
        newest = [thing for thing in self.things if thing.work == run.work][-1]
        return run is newest and run.outcome(self.world.now) is Outcome.FAILED

    def shown_as(self, run: Thing) -> dict[str, Any]:
        """Return a run as dbt Cloud writes it."""
        now = self.world.now
        outcome = run.outcome(now)
        status = CODES[outcome] if outcome else 3 if now - run.began > 2 else 1
        cancelled = {"actor": ACTORS.get(run.cancelled_by)} if run.cancelled_by else None
        return {
            "id": run.id,
            "job_definition_id": JOBS[run.work],
            "status": status,
            "is_complete": outcome is not None,
            "created_at": self.iso(run.began + self.ahead),
            "finished_at": None if outcome is None else self.iso(run.ends + self.ahead),
            "retrying_run_id": run.retrying,
            "can_retry": self.can_retry(run),
            "trigger": {"cause": run.cause, "job_definition_id": JOBS[run.work]},
            "audit": {"trigger": {"actor": ACTORS["us"]}, "cancellation": cancelled},
        }

    @staticmethod
    def iso(at: float) -> str:
        """Return a time as dbt Cloud writes it."""
        return datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="microseconds")


class Client:
    """The methods of the API that are used, by their names and rules."""

    def __init__(self, service: DbtCloud, sender: int) -> None:
        self._service = service
        self._sender = sender
        self._before_first_byte: Callable[[], None] = lambda: None
        self.settings = SimpleNamespace(
            transport=SimpleNamespace(base_url=WHERE["url"]), account_id=1
        )
        self.budget = SimpleNamespace(free_in=lambda: 0.0)

    @property
    def renewed_at(self) -> float:
        """When the token that is used now was read."""
        return self._service.renewed_at

    def renew(self) -> bool:
        """Read the connection again, and return whether it holds another token."""
        return self._service.renew()

    def sending_once(self, before_first_byte: Callable[[], None]) -> Client:
        other = copy(self)
        other._before_first_byte = before_first_byte
        return other

    @property
    def transport(self) -> Any:
        """What answers say besides what was asked for."""
        service = self._service
        time = service.world.now + service.ahead if service.tells_time else None
        return SimpleNamespace(server_time=time)

    def trigger_job(self, job_id: int, payload: dict[str, Any], **_: Any) -> dict[str, Any]:
        return self._start("POST run", JOBS.index(job_id), payload["cause"], None)

    def retry_run(self, run_id: int, **_: Any) -> dict[str, Any]:
        service = self._service
        failed = service.by_id(run_id)
        if not service.can_retry(failed):
            raise InvalidRequestError("RETRY_NOT_LATEST_RUN", **WHERE, status=400)
        cause = failed.cause if service.retry_keeps_cause else None
        return self._start("POST retry", failed.work, cause, run_id)

    def _start(self, name: str, work: int, cause: str | None, retrying: Any) -> dict[str, Any]:
        service, sender = self._service, self._sender
        facts = {"sender": sender, "work": work, "cause": cause, **service.facts()}

        def make(now: float) -> Thing:
            return service.new(now, retrying=retrying, **facts)

        return service.shown_as(service.start(name, work, sender, self._before_first_byte, make))

    def get_run(self, run_id: int, **_: Any) -> dict[str, Any]:
        service = self._service
        return service.call("GET run", lambda: service.shown_as(service.by_id(run_id)))

    def list_runs(
        self,
        *,
        job_definition_id: int | None = None,
        run_ids: Sequence[int] | None = None,
        status: Sequence[int | str] | None = None,
        finished_at: tuple[str, str] | None = None,
        limit: int,
        **_: Any,
    ) -> list[dict[str, Any]]:
        service = self._service

        def read() -> list[dict[str, Any]]:
            works = range(len(JOBS))
            if job_definition_id is not None:
                works = [JOBS.index(job_definition_id)]  # type: ignore[assignment]
            things = [thing for work in works for thing in service.shown(work)]
            runs = [service.shown_as(thing) for thing in things]
            if run_ids is not None:
                runs = [run for run in runs if run["id"] in run_ids]
                runs = runs[:-1] if service.bulk == "leaves out" else runs
            if status is not None:
                codes = [ACTIVE.get(str(name), name) for name in status]
                runs = [run for run in runs if run["status"] in codes]
            if finished_at is not None and service.feed != "unheeded":
                runs = [run for run in runs if finished_at[0] <= (run["finished_at"] or "")]
                runs = [] if service.feed == "leaves out" else runs
            return runs[:limit]

        asked = service.feed if finished_at is not None else service.bulk
        if (run_ids is not None or finished_at is not None) and asked == "refused":
            raise of_service(InvalidRequestError("no", **WHERE, status=400))
        return service.call("GET runs", read)

    def cancel_run(self, run_id: int, **_: Any) -> None:
        service = self._service
        stops_after = service.world.tape.pick((0.0, 5.0, 40.0))
        service.call("POST cancel", lambda: service.cancel(run_id, self._sender, stops_after))

    def close(self) -> None: ...
