"""What the made-up services have in common: things that live, and requests that fail."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    AuthError,
    InvalidRequestError,
    NotFoundError,
    NotSentError,
    RateLimitedError,
    ServerError,
)
from airflow_provider_dbtsegment.outcomes import Outcome
from tests.histories.world import World
from tests.watched_source import of_service

T = TypeVar("T")

WHERE: dict[str, Any] = {"method": "GET", "url": "https://service.example"}
REFUSED = ("refused", "not sent", "busy")
#: What a gateway answers in place of the service.
PAGE = "<html>no</html>"
LOST = ("lost before", "lost after", "5xx before", "5xx after")
ENDS = (Outcome.SUCCESS, Outcome.FAILED, Outcome.SUCCESS, Outcome.CANCELLED)


@dataclass
class Thing:
    """
    A run or a sync.

    :param began: When the service began it.
    :param shown: From when on lists show it.
    :param known: From when on it can be asked for by its id.
    :param sender: The attempt that sent the start, or 0 if it is somebody else's.
    :param work: Which job or mapping it is of.
    :param digest: The digest of what the attempt wanted.
    :param life: How often the task had been cleared when an attempt last took it for its own.
    """

    id: Any
    began: float
    shown: float
    known: float
    ends: float
    end: Outcome
    sender: int = 0
    work: int = 0
    digest: str = ""
    life: int = 0
    cause: str | None = None
    retrying: Any = None
    used: bool = False
    cancelled_by: str = ""
    #: Whether an attempt has taken it for its own though somebody else started it.
    is_taken: bool = False
    was_told_to_stop: bool = False
    cancelled_by_us: bool = False
    #: Whether an attempt has succeeded by another one that nothing tells from it.
    made_up_for: bool = False
    details: dict[str, Any] = field(default_factory=dict)

    def outcome(self, now: float) -> Outcome | None:
        """Return how it has ended, or nothing while it goes on."""
        return self.end if now >= self.ends else None

    def cancel(self, now: float, stops_after: float, by: str = "us") -> None:
        """Stop, unless it has ended."""
        if now + stops_after < self.ends:
            self.ends, self.end, self.cancelled_by = now + stops_after, Outcome.CANCELLED, by


class Simulated:
    """A service that knows its things, and whose requests fail as the tape says."""

    #: How a thing of this service can end.
    ends_with: tuple[Outcome, ...] = ENDS

    def __init__(self, world: World, longest_trouble: float) -> None:
        self.world = world
        self.things: list[Thing] = []
        #: Called with the attempt that sends the first byte of a start.
        self.on_start: Callable[[int], None] = lambda sender: None
        #: What the task says of what it starts now.
        self.facts: Callable[[], dict[str, Any]] = dict
        #: Called with the attempt that cancels, and with what it cancels.
        self.on_cancel: Callable[[int, Thing], None] = lambda sender, thing: None
        #: How many starts of each attempt had an unknown outcome, or were accepted.
        self.sent: Counter[int] = Counter()
        #: How many of them somebody between us and the service still holds.
        self.held: Counter[int] = Counter()
        #: Whether any answer was not what it ought to be.
        self.troubled = False
        #: Seconds after which a client gives up a request.
        self.time_out = 60.0
        self._trouble = world.tape.pick((0, 4, 12, 35))
        self._longest = longest_trouble
        self.longest_lag = world.tape.pick((0.0, 3.0, 20.0, 45.0))
        self._unknown_for = world.tape.pick((0.0, 0.0, 5.0, 40.0))
        #: From when on the token is refused, until the one is used that the connection holds later.
        self.refused_from = self.renewable_from = math.inf
        self.renewed_at = -math.inf

    def renew(self) -> bool:
        """Read the connection again, and return whether it holds another token."""
        now = self.world.now
        if not max(self.refused_from, self.renewable_from) <= now:
            return False
        self.world.tell("the new token is used")
        self.refused_from, self.renewed_at = math.inf, now
        return True

    # How requests go.

    def call(self, name: str, carry_out: Callable[[], T]) -> T:
        """Carry a request out, or fail."""
        self.world.point(f"before {name}")
        trouble = self._draw((*REFUSED, *LOST, "not allowed", "gateway"))
        self._pass(name, trouble)
        if self.world.now >= self.refused_from:
            raise of_service(AuthError("no such token", **WHERE, status=401))
        if trouble in ("lost before", "5xx before"):
            raise self._lost(trouble)
        answer = carry_out()
        self.world.point(f"within {name}")
        if trouble in LOST:
            raise self._lost(trouble)
        self._wait()
        self.world.point(f"after {name}")
        return answer

    def start(
        self,
        name: str,
        work: int,
        sender: int,
        before_first_byte: Callable[[], None],
        make: Callable[[float], Thing],
    ) -> Thing:
        """Carry out a request that starts something, or fail; it may be held before that."""
        self.world.point(f"before {name}")
        before_first_byte()
        self.on_start(sender)
        trouble = self._draw((*LOST, *LOST, "held", *REFUSED))
        if trouble not in REFUSED:
            self.sent[sender] += 1
        if trouble == "held":
            seconds = self.world.tape.number(100) / 100 * self._longest
            self.world.tell(f"{name} is held for {seconds:.0f} s")
            self.held[work] += 1
            self.world.later(seconds, lambda: self._let_go(work, make))
            self.world.point("while it is held")
            raise self._lost("lost before")
        self._pass(name, trouble)
        if trouble in ("lost before", "5xx before"):
            raise self._lost(trouble)
        thing = self._add(make(self.world.now))
        self.world.point(f"within {name}")
        if trouble in LOST:
            raise self._lost(trouble)
        self._wait()
        self.world.point(f"after {name}")
        return thing

    def _draw(self, troubles: tuple[str, ...]) -> str:
        if not self.world.tape.chance(self._trouble):
            return "none"
        self.troubled = True
        return self.world.tape.pick(troubles)

    def _pass(self, name: str, trouble: str) -> None:
        """Let the time of a request pass, and refuse it if it is to be refused."""
        if trouble != "none":
            self.world.tell(f"{name}: {trouble}")
        self._wait()
        if trouble == "refused":
            raise of_service(InvalidRequestError("no", **WHERE, status=422))
        if trouble == "not allowed":
            raise of_service(AuthError("no", **WHERE, status=403))
        if trouble == "gateway":
            raise self.world.tape.pick(
                (
                    NotFoundError(PAGE, **WHERE, status=404, from_service=False),
                    AuthError(PAGE, **WHERE, status=403, from_service=False),
                    InvalidRequestError(PAGE, **WHERE, status=400, from_service=False),
                )
            )
        if trouble == "not sent":
            raise NotSentError("nobody there", **WHERE)
        if trouble == "busy":
            again = self.world.tape.pick((1.0, 30.0, None, 100.0))
            raise RateLimitedError("slowly", **WHERE, status=429, retry_after=again)

    def _wait(self) -> None:
        self.world.advance(self.world.now + self.world.tape.pick((0.1, 0.1, 0.5, 2.0)))

    def _lost(self, trouble: str) -> Exception:
        if trouble.startswith("5xx"):
            return ServerError("down", **WHERE, status=502)
        self.world.advance(self.world.now + self.world.tape.pick((0.0, 1.0, self.time_out)))
        return AnswerLostError("no answer", **WHERE)

    def _let_go(self, work: int, make: Callable[[float], Thing]) -> None:
        self.held[work] -= 1
        self._add(make(self.world.now))

    # What there is.

    def new(self, began: float, **facts: Any) -> Thing:
        """Make a thing up; how long it goes on, how it ends and when it shows is drawn."""
        tape = self.world.tape
        lasts = tape.pick((5.0, 60.0, 400.0, 1500.0))
        end = tape.pick(self.ends_with)
        if end is Outcome.CANCELLED:
            facts = {"cancelled_by": tape.pick(("person", "service")), **facts}
        shown = began + self.longest_lag * tape.number(11) / 10
        known = began + self._unknown_for * tape.number(11) / 10
        return Thing(self._new_id(), began, shown, known, began + lasts, end, **facts)

    def ours(self, work: int) -> list[Thing]:
        """Return what the task instance has started of a work."""
        return [thing for thing in self.things if thing.sender and thing.work == work]

    def by_id(self, id: Any) -> Thing:
        """Return a thing that can be asked for by now."""
        found = next((thing for thing in self.things if thing.id == id), None)
        if found is None or self.world.now < found.known:
            raise of_service(NotFoundError("no such thing", **WHERE, status=404))
        return found

    def cancel(self, id: Any, sender: int, stops_after: float) -> None:
        """Cancel something for an attempt."""
        thing = next(one for one in self.things if one.id == id)
        self.on_cancel(sender, thing)
        thing.was_told_to_stop = True
        self.by_id(id).cancel(self.world.now, stops_after)

    def shown(self, work: int) -> list[Thing]:
        """Return what the list of a work shows by now, the newest first."""
        return [
            thing
            for thing in reversed(self.things)
            if thing.shown <= self.world.now and thing.work == work
        ]

    def others_start(self, cause: str | None) -> None:
        """Let somebody else start something."""
        self._add(self.new(self.world.now, cause=cause, work=self.world.tape.pick((0, 0, 1))))
        self.world.tell(f"somebody else starts {self.things[-1].id}")

    def _add(self, thing: Thing) -> Thing:
        self.things.append(thing)
        if thing.sender:
            shown, known, ends = (
                f"{at - thing.began:.0f} s" for at in (thing.shown, thing.known, thing.ends)
            )
            self.world.tell(
                f"{thing.id} begins (attempt {thing.sender}): shown after {shown}, "
                f"known after {known}, {thing.end} after {ends}"
            )
        return thing

    def _new_id(self) -> Any:
        return 100 + len(self.things)
