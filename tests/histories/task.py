"""A made-up task run: its tries, its memory, and the people who clear it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from airflow_provider_dbtsegment.exceptions import (
    DbtSegmentError,
    LaunchUnknownError,
    RequestError,
    RunCancelledError,
)
from airflow_provider_dbtsegment.launch import How, Launch, launch_once, note
from airflow_provider_dbtsegment.marker import Marker
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.search import HELD
from tests.histories import rules
from tests.histories.dbt_cloud import DbtCloud
from tests.histories.ledger import Ledger
from tests.histories.quiet import QUIET
from tests.histories.segment import Segment
from tests.histories.service import Thing
from tests.histories.tape import Tape
from tests.histories.waiting import Waiting
from tests.histories.world import Death, World

MOST_TRIES = 6


class Task:
    """One task run, from its first try to its last."""

    def __init__(self, drawn: bytes, service: type[DbtCloud] | type[Segment]) -> None:
        tape = Tape(drawn)
        self.world = World(tape)
        self.ledger = Ledger(self.world) if not tape.chance(40) else None
        #: A service that holds a request, or hides a thing, longer than anything is meant for.
        self.beyond = tape.chance(3)
        longest = HELD - 110 if self.ledger is not None else 0.0
        self.service = service(self.world, 2000.0 if self.beyond else longest)
        self.service.on_start = lambda: rules.may_start(self)
        self.retry_from_failure = tape.chance(40)
        self.reuse_existing = tape.chance(15)
        self.retry_cancelled = tape.chance(25)
        self.acceptable = tape.pick(
            ([Outcome.SUCCESS], [Outcome.SUCCESS, Outcome.PARTIAL]),
        )
        self.cancel_on_kill = tape.pick((True, False))
        self.waiting = Waiting(self.world, self.service)
        self.number = 0
        self.first_try = 1
        self.requests_before = 0
        self.deaths = 0
        #: How tries began and ended, to be counted.
        self.counted: Counter[str] = Counter()
        #: When requests may have been sent whose answers did not come.
        self.lost_requests: list[float] = []
        self._began = self.world.now
        self._others()

    def play(self) -> None:
        """Play the history to its end."""
        tape = self.world.tape
        while self.number < MOST_TRIES:
            self.number += 1
            self.world.tell(f"try {self.number} (first: {self.first_try})")
            end = self._try()
            self.world.tell(f"try {self.number}: {end}")
            self.counted["tries"] += 1
            rules.at_most_one_each(self)
            if end == "success" and self.ledger is not None:
                self.ledger.clear()
            cleared = end == "cleared" or (end != "retry" and tape.chance(40))
            if end != "retry" and not cleared:
                return
            if cleared:
                self.first_try = self.number + 1
            self.world.advance(self.world.now + tape.pick((0.0, 1.0, 30.0, 300.0)))

    def _others(self) -> None:
        for _ in range(self.world.tape.pick((0, 0, 1, 3))):
            self.world.later(self.world.tape.number(200) * 5.0, self.service.somebody_starts)

    def _try(self) -> str:
        tape = self.world.tape
        self.world.lives = tape.number(48) if tape.chance(45) else None
        killed_by = tape.pick(("death", "clear", "execution time-out"))
        self.requests_before = self.service.requests_to_start
        self.service.sender = self.number
        sent_at = self.world.now
        self._launch: Launch[Any] | None = None
        try:
            return self._execute()
        except Death:
            self.deaths += 1
            self.counted["died"] += 1
            self.world.lives = None
            self.lost_requests.append(sent_at)
            if killed_by != "death":
                self._on_kill()
            return "cleared" if killed_by == "clear" else "retry"
        except LaunchUnknownError as error:
            self.world.tell(str(error))
            self.counted["could not know"] += 1
            rules.unknown(self, error)
            self.lost_requests.append(sent_at)
            return "retry"
        except RunCancelledError:
            return "retry" if self.retry_cancelled else "cancelled"
        except DbtSegmentError as error:
            self.world.tell(f"{type(error).__name__}: {error}")
            if self.ledger is not None and self.ledger.trouble:
                # That it was refused could perhaps not be noted.
                self.lost_requests.append(sent_at)
            return "retry"
        finally:
            self.world.lives = None

    def _execute(self) -> str:
        marker = Marker("d", "r", "t", -1, self.number, self.first_try)
        began = self.world.now
        self._launch = launch = launch_once(
            self.service.launchable(marker, self._began),
            marker,
            ledger=self.ledger,
            retry_from_failure=self.retry_from_failure,
            reuse_existing=self.reuse_existing,
            retry_cancelled=self.retry_cancelled,
            acceptable=self.acceptable,
            log=QUIET,
            clock=self.world.clock,
            sleep=self.world.sleep,
        )
        if launch.how is How.RECOVERED or (self.ledger and self.ledger.trouble):
            self.lost_requests.append(began)
        self.world.tell(f"{launch.id}: {launch.how}")
        self.counted[launch.how.name.lower()] += 1
        rules.launched(self, launch)
        thing = next(one for one in self.service.things if one.id == launch.id)
        thing.claimed = self.number
        if launch.how is not How.TAKEN:
            self.waiting.wait_for(thing)
        return self._finish(marker, thing)

    def _finish(self, marker: Marker, thing: Thing) -> str:
        """Make use of the end, as operators do."""
        self.world.point("after the end was seen")
        outcome = thing.outcome(self.world.now)
        assert outcome is not None, "made use of an end that has not come"
        if outcome in self.acceptable:
            thing.consumed = True
            if not self.service.can_be_marked and not thing.sender:
                for one in self.service.ours():
                    one.made_up_for = True
            return "success"
        if self.ledger is not None:
            self._note_quietly(marker, consumed=True)
        thing.consumed = True
        self.world.point("after the end was noted")
        if outcome is Outcome.CANCELLED and not thing.cancelled_by_us:
            raise RunCancelledError("cancelled")
        return "retry"

    def _on_kill(self) -> None:
        """Cancel what was launched, as operators do; that may fail."""
        launch = self._launch
        if launch is None or launch.how is How.REUSED or not self.cancel_on_kill:
            return
        noted = True
        try:
            self.service.cancel_run(launch.id)
        except RequestError as error:
            noted = error.may_have_happened
        self.world.tell(f"{launch.id} was told to stop")
        thing = next(one for one in self.service.things if one.id == launch.id)
        thing.cancelled_by_us = thing.end is Outcome.CANCELLED
        if noted and self.ledger is not None:
            self._note_quietly(Marker("d", "r", "t", -1, self.number), cancelled=True)

    def _note_quietly(self, marker: Marker, **facts: bool) -> None:
        try:
            note(self.ledger, marker, **facts)  # type: ignore[arg-type]
        except OSError as error:
            self.world.tell(f"not noted: {error}")
