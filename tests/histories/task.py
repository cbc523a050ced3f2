"""A simulated task instance: its attempts, its memory, and what people do to it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from airflow_provider_dbtsegment.exceptions import (
    AttemptOverError,
    DbtSegmentError,
    LaunchUnknownError,
    RunCancelledError,
)
from airflow_provider_dbtsegment.launching.launch import launch_once
from airflow_provider_dbtsegment.launching.marker import Marker
from airflow_provider_dbtsegment.launching.protocol import (
    Attempt,
    CancelledBy,
    Launch,
    LaunchOptions,
    Origin,
)
from airflow_provider_dbtsegment.launching.reconcile import WINDOW
from airflow_provider_dbtsegment.launching.record import (
    LaunchRecords,
    record_cancellation,
    was_cancelled_by_us,
)
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.tasks.cancellation import Cancellation
from tests.histories import rules
from tests.histories.dbt_cloud import DbtCloud
from tests.histories.quiet import QUIET
from tests.histories.segment import Segment
from tests.histories.service import Thing
from tests.histories.store import Store
from tests.histories.tape import Tape
from tests.histories.waiting import Waiting
from tests.histories.world import Death, World

MAX_ATTEMPTS = 6
NAME = ("d", "r", "t", -1, "t")
KEY = "dbtsegment_launch:t"


class Task:
    """One task instance, from its first attempt to its last."""

    def __init__(self, drawn: bytes, service: type[DbtCloud] | type[Segment]) -> None:
        tape = Tape(drawn)
        self.world = World(tape)
        self.store = Store(self.world) if not tape.chance(40) else None
        #: A service that holds a request, or hides a run, longer than the window allows for.
        self.beyond = tape.chance(3)
        self.service = service(self.world, 2000.0 if self.beyond else WINDOW - 110)
        self.service.on_start = lambda sender: rules.may_start(self, sender)
        self.service.facts = lambda: {"life": self.life, "digest": f"{self.settings:08x}"}
        self.service.on_cancel = lambda sender, thing: rules.may_cancel(self, sender, thing)
        self.resume_failed = tape.chance(40)
        self.reuse_active = tape.chance(15)
        self.retry_cancelled = tape.chance(25)
        self.accepted = tape.pick(([Outcome.SUCCESS], [Outcome.SUCCESS, Outcome.PARTIAL]))
        self.cancel_on_kill = tape.pick((True, False))
        self.ends_in_triggerer = tape.pick((False, True))
        #: Whether Airflow deletes records at a clear, as it does from 3.4 on.
        self.forgets = tape.chance(25)
        self.waiting = Waiting(self.world, self.service)
        self.work = 0
        self.settings = 0
        self.service.foreign_marker = str(self._marker(1, 3, "another deployment"))
        self.number = 0
        self.retries = tape.pick((3, 1, 5))
        self.max_tries = self.retries
        self.retries_were_edited = False
        #: How often the task was cleared after an attempt had ended.
        self.life = 0
        self.cleared_after = 0
        self.state = "none"
        self.is_at_execution_timeout = False
        self.deaths = 0
        #: How attempts began and ended, to be counted.
        self.counted: Counter[str] = Counter()
        #: When starts may have been sent whose answers did not come.
        self.lost_starts: list[float] = []
        self.began = self._began = self.world.now
        self._ended_at: float | None = None
        self._is_over = False
        #: What was found wrong while an attempt stood still, whose own code may have handled it.
        self._failure: AssertionError | None = None
        self._others()

    def play(self) -> None:
        """Play the history to its end."""
        while not self._is_over and self.number < MAX_ATTEMPTS:
            self._next()
        if self._failure is not None:
            raise self._failure

    def _next(self) -> None:
        """Run the next attempt, and let people do something after it."""
        tape = self.world.tape
        self.number += 1
        self.state = "running"
        if self.store is not None:
            self.store.current = self.number
        number = self.number
        self.world.tell(f"attempt {number} (max_tries {self.max_tries}, retries {self.retries})")
        end = self._try()
        self.world.tell(f"attempt {number}: {end}")
        self.counted["attempts"] += 1
        rules.at_most_one_each(self)
        if self.number != number:
            return  # it was over long ago
        self._ended_at = self.world.now
        self.state = {"retry": "up_for_retry", "cancelled": "failed"}.get(end, end)
        self._edit()
        cleared = end != "retry" and tape.chance(40)
        if end == "restarting":
            # Cleared while it ran: Airflow leaves max_tries.
            self.counted["cleared while running"] += 1
            if self.store is not None and self.forgets:
                self.store.clear()
        elif cleared:
            self.life += 1
            self.cleared_after = self.number
            self.max_tries = self.number + self.retries
            if self.store is not None and self.forgets:
                self.store.clear()
        elif end != "retry" or self.number > self.max_tries:
            self._is_over = True
            return
        self.state = "queued"
        self.world.advance(self.world.now + tape.pick((0.0, 1.0, 30.0, 300.0)))

    def _edit(self) -> None:
        """Let somebody edit the DAG."""
        tape = self.world.tape
        if tape.chance(10):
            self.work = 1 - self.work
            self.world.tell(f"the task names work {self.work} now")
        if tape.chance(10):
            self.settings += 1
            self.world.tell("the task has other settings now")
        if tape.chance(15):
            self.retries = tape.pick((0, 1, 3, 5))
            self.retries_were_edited = True
            self.world.tell(f"retries is {self.retries} now")

    def _others(self) -> None:
        for _ in range(self.world.tape.pick((0, 0, 1, 3))):
            self.world.later(self.world.tape.number(200) * 5.0, self.service.somebody_starts)

    def _try(self) -> str:
        tape = self.world.tape
        number, sent_at = self.number, self.world.now
        self._began = sent_at
        self.world.lives = tape.number(48) if tape.chance(45) else None
        killed_by = tape.pick(("death", "clear", "execution_timeout", "drain"))
        if tape.chance(12):
            self.world.freezes = (tape.number(24), self._be_taken_for_dead)
        self._launch: Launch[Any] | None = None
        try:
            return self._execute(number)
        except Death:
            self.deaths += 1
            self.counted["died"] += 1
            self.world.lives = None
            self.lost_starts.append(sent_at)
            return self._killed(number, killed_by)
        except LaunchUnknownError as error:
            self.world.tell(str(error))
            self.counted["could not know"] += 1
            rules.unknown(self, error)
            self.lost_starts.append(sent_at)
            return "retry"
        except AttemptOverError as error:
            self.world.tell(str(error))
            self.counted["was over"] += 1
            rules.over(self, number)
            return "retry"
        except RunCancelledError:
            return "retry" if self.retry_cancelled else "cancelled"
        except DbtSegmentError as error:
            self.world.tell(f"{type(error).__name__}: {error}")
            if self.store is not None and self.store.trouble:
                # That it was refused could perhaps not be recorded.
                self.lost_starts.append(sent_at)
            return "retry"
        finally:
            self.world.lives = self.world.freezes = None

    def _be_taken_for_dead(self) -> None:
        """Let Airflow take the attempt for dead while its process stands still."""
        self.counted["stood still"] += 1
        self.world.advance(self.world.now + self.world.tape.pick((10.0, 60.0, 400.0)))
        if self.number > self.max_tries or self.number >= MAX_ATTEMPTS:
            return
        self._ended_at = self.world.now
        self.lost_starts.append(self._began)
        try:
            self._next()
            if self.world.tape.pick((True, False)):
                self.play()
        except AssertionError as error:
            self._failure = error
            raise

    def _marker(self, number: int, max_tries: int, deployment: str = "this one") -> Marker:
        digest = f"{self.settings:08x}"
        return Marker.create(
            (*NAME, self.work),
            attempt=number,
            max_tries=max_tries,
            digest=digest,
            deployment_ids=(deployment,),
        )

    def _execute(self, number: int) -> str:
        marker = self._marker(number, self.max_tries)
        began, work, life = self.world.now, self.work, self.life
        # The clock of this attempt's machine may be wrong.
        skew = self.world.tape.pick((0.0, 0.0, 240.0, -240.0))
        store = None if self.store is None else self.store.of(number)
        attempt = Attempt(
            marker,
            store=store,
            may_be_cleared=number > 1 and number == max(1, self.max_tries - self.retries + 1),
            is_current=lambda: self.number == number and self.state == "running",
            first_attempt_began=self.began,
            previous_attempt_ended=self._ended_at,
            dag_run_was_cleared=False,
        )
        self._launch = launch = launch_once(
            self.service.launcher(marker, work, accepted=self.accepted),
            attempt,
            LaunchRecords(store, KEY, ("this one",)),
            LaunchOptions(
                resume_failed=self.resume_failed,
                reuse_active=self.reuse_active,
                retry_cancelled=self.retry_cancelled,
                cancel_on_kill=self.cancel_on_kill,
                ends_in_triggerer=self.ends_in_triggerer,
            ),
            log=QUIET,
            clock=self.world.clock,
            wall_clock=lambda: self.world.now + skew,
            sleep=self.world.sleep,
        )
        self.world.freezes = None
        if launch.origin is Origin.RECOVERED or (self.store and self.store.trouble):
            self.lost_starts.append(began)
        self.world.tell(f"{launch.id}: {launch.origin}")
        if self.number != number:
            return "over"
        self.counted[launch.origin.name.lower()] += 1
        thing = next(one for one in self.service.things if one.id == launch.id)
        rules.launched(self, launch, thing, work)
        thing.life, thing.digest, thing.is_taken = life, marker.digest, True
        if launch.origin is not Origin.SUCCEEDED:
            self.waiting.wait_for(thing)
        return self._finish(number, thing)

    def _finish(self, number: int, thing: Thing) -> str:
        """Use the outcome, as operators do."""
        self.world.point("after the outcome was seen")
        outcome = thing.outcome(self.world.now)
        assert outcome is not None, "used an outcome that has not come"
        if outcome in self.accepted:
            thing.used = True
            if not self.service.can_be_marked and not thing.sender:
                for one in self.service.ours(thing.work):
                    one.made_up_for = True
            if not self.ends_in_triggerer:
                self._note_use(number, thing, "success")
            return "success"
        record = self._note_use(number, thing, "failure")
        thing.used = True
        self.world.point("after the use was recorded")
        if outcome is Outcome.CANCELLED and not self._was_ours(number, thing, record):
            raise RunCancelledError("cancelled")
        return "retry"

    def _was_ours(self, number: int, thing: Thing, record: Any) -> bool:
        """Return whether a cancelled run may be started again, as operators decide it."""
        store = None if self.store is None else self.store.of(number)
        try:
            if was_cancelled_by_us(store, record):
                return True
        except OSError:
            pass
        if not self.service.can_be_marked:
            return False
        return thing.cancelled_by in (CancelledBy.US.value, CancelledBy.SERVICE.value)

    def _note_use(self, number: int, thing: Thing, use: str) -> Any:
        if self.store is None:
            return None
        from dataclasses import replace

        records = LaunchRecords(self.store.of(number), KEY, ("this one",))
        try:
            records.read()
        except LaunchUnknownError:
            return None
        found = records.of_id(thing.id)
        if found is None:
            return None
        records.write_quietly(found[0], replace(found[1], used=use), QUIET)
        return found[1]

    def _killed(self, number: int, killed_by: str) -> str:
        """Do what a process that is killed still does, and return what becomes of the task."""
        if killed_by == "death":
            return "retry"
        if self.number == number:
            self.state = {"clear": "restarting"}.get(killed_by, "running")
        launch = self._launch
        if launch is not None and launch.origin is not Origin.REUSED and self.cancel_on_kill:
            cancellation = self._cancellation(number)
            cancellation.key = launch.id
            try:
                if killed_by == "execution_timeout":
                    self.is_at_execution_timeout = True
                    cancellation.at_execution_timeout()
                else:
                    cancellation._cancel_if_ended()
            finally:
                self.is_at_execution_timeout = False
        return "restarting" if killed_by == "clear" else "retry"

    def _cancellation(self, number: int) -> Cancellation:
        store = None if self.store is None else self.store.of(number)
        client: Any = self.service.client(number)

        def record(key: Any) -> bool:
            records = LaunchRecords(store, KEY, ("this one",))
            try:
                records.read()
            except LaunchUnknownError:
                return False
            found = records.of_id(key) or records.newest()
            is_recorded = record_cancellation(store, found[1] if found else None)
            thing = next(one for one in self.service.things if one.id == key)
            thing.was_told_to_stop = thing.was_told_to_stop or is_recorded
            return is_recorded

        def cancel(id: Any) -> None:
            if self.service.can_be_marked:
                client.cancel_run(id)
            else:
                client.cancel_reverse_etl_sync_for_model("model", id)

        return Cancellation(
            describe=str,
            cancel=cancel,
            find=None,
            state=lambda: self.state,
            record=record,
            is_current=lambda: store is None and self.number == number,
            log=QUIET,
        )
