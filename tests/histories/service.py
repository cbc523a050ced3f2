"""What the made-up services have in common: things that live, and requests that fail."""

from __future__ import annotations

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

T = TypeVar("T")

WHERE: dict[str, Any] = {"method": "GET", "url": "https://service.example"}
REFUSED = ("refused", "not sent", "busy")
LOST = ("lost before", "lost after", "5xx before", "5xx after")
ENDS = (Outcome.SUCCESS, Outcome.FAILED, Outcome.SUCCESS, Outcome.CANCELLED)


@dataclass
class Thing:
    """
    A run or a sync.

    :param began: When the service began it.
    :param shown: From when on lists show it.
    :param known: From when on it can be asked for by its id.
    :param sender: The try that has sent the request, or 0 if it is somebody else's.
    :param claimed: The last try that has taken it for its own.
    """

    id: Any
    began: float
    shown: float
    known: float
    ends: float
    end: Outcome
    sender: int = 0
    cause: str | None = None
    retrying: Any = None
    claimed: int = 0
    consumed: bool = False
    cancelled_by_us: bool = False
    #: Whether a try has succeeded by another one that nothing tells from it.
    made_up_for: bool = False
    details: dict[str, Any] = field(default_factory=dict)

    def outcome(self, now: float) -> Outcome | None:
        """Return how it has ended, or nothing while it goes on."""
        return self.end if now >= self.ends else None

    def cancel(self, now: float, stops_after: float) -> None:
        """Stop, unless it has ended."""
        if now + stops_after < self.ends:
            self.ends, self.end = now + stops_after, Outcome.CANCELLED


class Simulated:
    """A service that knows its things, and whose requests fail as the tape says."""

    #: How a thing of this service can end.
    ends_with: tuple[Outcome, ...] = ENDS

    def __init__(self, world: World, longest_trouble: float) -> None:
        self.world = world
        self.things: list[Thing] = []
        #: Called when a try sends a request to start something.
        self.on_start: Callable[[], None] = lambda: None
        self.sender = 0
        self.requests_to_start = 0
        #: How many of them somebody between us and the service still holds.
        self.held = 0
        #: Whether any answer was not what it ought to be.
        self.troubled = False
        #: Seconds after which a client gives up a request.
        self.time_out = 60.0
        self._trouble = world.tape.pick((0, 4, 12, 35))
        self._longest = longest_trouble
        self.longest_lag = world.tape.pick((0.0, 3.0, 20.0, 45.0))
        self._unknown_for = world.tape.pick((0.0, 0.0, 5.0, 40.0))

    # How requests go.

    def call(self, name: str, carry_out: Callable[[], T]) -> T:
        """Carry a request out, or fail."""
        self.world.point(f"before {name}")
        trouble = self._draw((*REFUSED, *LOST, "not allowed"))
        self._pass(name, trouble)
        if trouble in ("lost before", "5xx before"):
            raise self._lost(trouble)
        answer = carry_out()
        self.world.point(f"within {name}")
        if trouble in LOST:
            raise self._lost(trouble)
        self._wait()
        self.world.point(f"after {name}")
        return answer

    def start(self, name: str, make: Callable[[float], Thing]) -> Thing:
        """Carry out a request that starts something, or fail; it may be held before that."""
        self.on_start()
        self.requests_to_start += 1
        self.world.point(f"before {name}")
        trouble = self._draw((*LOST, *LOST, "held", *REFUSED))
        if trouble == "held":
            seconds = self.world.tape.number(100) / 100 * self._longest
            self.world.tell(f"{name} is held for {seconds:.0f} s")
            self.held += 1
            self.world.later(seconds, lambda: self._let_go(make))
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
            raise InvalidRequestError("no", **WHERE, status=422)
        if trouble == "not allowed":
            raise AuthError("no", **WHERE, status=403)
        if trouble == "not sent":
            raise NotSentError("nobody there", **WHERE)
        if trouble == "busy":
            raise RateLimitedError("slowly", **WHERE, status=429, retry_after=1.0)

    def _wait(self) -> None:
        self.world.advance(self.world.now + self.world.tape.pick((0.1, 0.1, 0.5, 2.0)))

    def _lost(self, trouble: str) -> Exception:
        if trouble.startswith("5xx"):
            return ServerError("down", **WHERE, status=502)
        self.world.advance(self.world.now + self.world.tape.pick((0.0, 1.0, self.time_out)))
        return AnswerLostError("no answer", **WHERE)

    def _let_go(self, make: Callable[[float], Thing]) -> None:
        self.held -= 1
        self._add(make(self.world.now))

    # What there is.

    def new(self, began: float, **facts: Any) -> Thing:
        """Make a thing up; how long it goes on, how it ends and when it shows is drawn."""
        tape = self.world.tape
        lasts = tape.pick((5.0, 60.0, 400.0, 1500.0))
        end = tape.pick(self.ends_with)
        shown = began + self.longest_lag * tape.number(11) / 10
        known = began + self._unknown_for * tape.number(11) / 10
        return Thing(self._new_id(), began, shown, known, began + lasts, end, **facts)

    def ours(self) -> list[Thing]:
        """Return what the task run has started."""
        return [thing for thing in self.things if thing.sender]

    def by_id(self, id: Any) -> Thing:
        """Return a thing that can be asked for by now."""
        found = next((thing for thing in self.things if thing.id == id), None)
        if found is None or self.world.now < found.known:
            raise NotFoundError("no such thing", **WHERE, status=404)
        return found

    def shown(self) -> list[Thing]:
        """Return what lists show by now, the newest first."""
        return [thing for thing in reversed(self.things) if thing.shown <= self.world.now]

    def others_start(self, cause: str | None) -> None:
        """Let somebody else start something."""
        self._add(self.new(self.world.now, cause=cause))
        self.world.tell(f"somebody else starts {self.things[-1].id}")

    def _add(self, thing: Thing) -> Thing:
        self.things.append(thing)
        if thing.sender:
            shown, known, ends = (
                f"{at - thing.began:.0f} s" for at in (thing.shown, thing.known, thing.ends)
            )
            self.world.tell(
                f"{thing.id} begins (try {thing.sender}): shown after {shown}, known after {known},"
                f" {thing.end} after {ends}"
            )
        return thing

    def _new_id(self) -> Any:
        return 100 + len(self.things)
