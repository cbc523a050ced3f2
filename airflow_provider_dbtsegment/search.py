"""Look for what tries of a task run have started, with as much patience as the doubt deserves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from airflow_provider_dbtsegment.exceptions import (
    AuthError,
    InvalidRequestError,
    LaunchUnknownError,
    NotFoundError,
    RequestError,
)
from airflow_provider_dbtsegment.launchable import Found, K, Launchable
from airflow_provider_dbtsegment.marker import Marker
from airflow_provider_dbtsegment.outcomes import Outcome

T = TypeVar("T")

#: Seconds after which a service shows what it has started.
PATIENCE = 60.0
#: Seconds after which nobody between us and a service still holds a request, and what has come of
#: it is shown.
HELD = 180.0
#: What is noted of a request until it is known for sure what has come of it.
REQUEST = ("at", "baseline", "known")
#: The longest pause between two looks, in seconds.
PAUSE = 15.0


@dataclass
class Search(Generic[K]):
    """
    Look for what tries of a task run have started.

    :param noted: What earlier tries have written down.
    :param remembers: Whether there is a ledger, so that what is not in it was not sent.
    :param acceptable: The ends with which a thing needs no other.
    """

    work: Launchable[K]
    marker: Marker
    noted: dict[str, Any]
    remembers: bool
    acceptable: Collection[Outcome]
    log: Any
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    #: What was there before anything was sent, once it has been looked up.
    _known: set[K] | None = field(default=None, init=False)
    #: What a request of an earlier try may have started, and what needs no more thought.
    _others: set[K] = field(default_factory=set, init=False)

    def earlier(self) -> Found[K] | None:
        """
        Return the newest thing that an earlier try of this task run has started.

        :raises LaunchUnknownError: When it cannot be found out.
        """
        noted = None
        if self.noted.get("id") is not None:
            noted = self._patiently(self._noted_one, self.clock() + PATIENCE)
            if noted is None:
                self.log.warning("%s %s is gone.", self.work.what, self.noted["id"])
            elif self._will_do(noted) and not self.noted.get("consumed"):
                return noted
        if self.noted.get("at") is not None:
            lost = self._lost_one()
            if lost is not None:
                return lost
            self.log.warning("Nothing has come of the request of try %s.", self.noted["try"])
        elif not self.remembers and self.marker.try_number > 1:
            self._patiently(self._settled, self.clock() + PATIENCE)
        return noted or self._newest(self.noted.get("baseline"))

    def another(self, than: Found[K]) -> Found[K] | None:
        """
        Return what else a request of an earlier try may have started, if nothing tells.

        :param than: What was taken for it, and makes another one needless no more.
        """
        if self.work.is_marked or than.noted.get("at") is None:
            return None
        self._others.add(than.id)
        known = {*than.noted.get("known", ()), *self._others}
        other = self._new(than.noted.get("baseline"), known, than.try_number)
        if other is None or not self._will_do(other):
            return None
        noted = {name: than.noted[name] for name in REQUEST if name in than.noted}
        return replace(other, noted={"try": than.try_number, **noted})

    def known(self, baseline: Any) -> set[K]:
        """Return what cannot be the work of the request that is about to be sent."""
        if self._known is None:
            self._newest(baseline)
        # Lists may not show yet what is known all the same.
        earlier = {self.noted.get("id"), *self.noted.get("known", ())} - {None}
        return (self._known or set()) | earlier

    def rule_out_doubt(self) -> None:
        """
        Make sure that no earlier try has started what nothing tells from what others start.

        :raises LaunchUnknownError: When nobody can know whose it is.
        """
        doubtful = self._doubtful()
        if doubtful:
            first = doubtful[0]
            does = "is going on" if first.outcome is None else "has succeeded"
            raise LaunchUnknownError(
                f"{self.work.what} ({first.id}) {does} and may have been started by an earlier try "
                "of this task or by somebody else: nothing tells whose it is, and tries cannot "
                f"leave notes for each other here. Nothing was started. Look at {self.work.where}. "
                f"{self.work.advice}"
            )

    def for_the_lost(self, baseline: Any, known: Collection[K], lost: RequestError) -> Found[K]:
        """
        Return what the request of this try has started, whose answer was lost.

        :param known: What was there before.
        :raises LaunchUnknownError: When nothing shows up, or the service cannot be asked either.
        """
        why = str(lost)

        def look() -> Found[K] | None:
            return self._new(baseline, known, self.marker.try_number)

        try:
            found = self._patiently(look, self.clock() + PATIENCE)
        except RequestError as error:
            raise self._unknown(f"{why}, and it cannot be looked for: {error}") from error
        if found is None:
            raise self._unknown(f"{why}, and nothing has shown up for {PATIENCE:g} s") from lost
        return found

    def after_the_kill(self, id: K, grace: float) -> Outcome | None:
        """Return how something ended that may be being cancelled because the task was cleared."""
        try:
            return self._patiently(lambda: self.work.outcome(id), self.clock() + grace)
        except RequestError as error:
            self.log.warning("It cannot be asked whether it is being cancelled: %s", error)
            return None

    def _noted_one(self) -> Found[K] | None:
        """Return what the ledger names, unless the service does not know it, or not yet."""
        id, number = self.noted["id"], int(self.noted["try"])
        try:
            return Found(id, self.work.outcome(id), number, self.noted)
        except NotFoundError:
            return None

    def _lost_one(self) -> Found[K] | None:
        """Return what came of the request of an earlier try, of which no answer was noted."""
        number = int(self.noted["try"])

        def look() -> Found[K] | None:
            return self._new(self.noted.get("baseline"), self.noted.get("known") or (), number)

        try:
            # The clocks of two workers may differ.
            sent = min(float(self.noted["at"]), self.clock())
            found = self._patiently(look, sent + HELD)
        except RequestError as error:
            why = f"no answer to try {number} was noted, and it cannot be looked for: {error}"
            raise self._unknown(why, number) from error
        # What is noted of the one that was taken for it at first says nothing of this one.
        kept = REQUEST if "id" in self.noted else (*REQUEST, "cancelled", "consumed")
        noted = {"try": number, **{name: self.noted[name] for name in kept if name in self.noted}}
        return replace(found, noted=noted) if found else None

    def _settled(self) -> bool | None:
        """Return whether there is no need to look again for what the last try may have started."""
        newest = self._newest(None)
        if newest is not None:
            is_of_last_try = newest.try_number >= self.marker.try_number - 1
            is_of_this_life = newest.try_number >= self.marker.first_try
            succeeded = newest.outcome is Outcome.SUCCESS and is_of_this_life
            if newest.outcome is None or succeeded or is_of_last_try:
                return True
        return True if self._doubtful() else None

    def _doubtful(self) -> Sequence[Found[K]]:
        if self.remembers or self.marker.try_number == 1:
            return ()
        cleared = self.marker.try_number == self.marker.first_try
        doubtful = self.work.doubtful()
        # Who clears a task means that what has ended is to be started anew.
        return [one for one in doubtful if not (cleared and one.outcome is not None)]

    def _new(self, baseline: Any, known: Collection[K], number: int) -> Found[K] | None:
        """
        Return what was not known before; of several, one that still goes on or needs no other.

        Of those the oldest: it began next after the request.

        :param number: The try that has started it.
        """
        found = [replace(one, try_number=number) for one in reversed(self.work.find(baseline))]
        return min((one for one in found if one.id not in known), key=self._rank, default=None)

    def _rank(self, found: Found[K]) -> int:
        if found.outcome is None:
            return 0
        # Who clears a task means that what has ended is to be started anew.
        if found.outcome in self.acceptable and found.try_number >= self.marker.first_try:
            return 1
        return 2 if found.outcome is Outcome.CANCELLED else 3

    def _will_do(self, found: Found[K]) -> bool:
        return self._rank(found) <= 1

    def _newest(self, baseline: Any) -> Found[K] | None:
        found = self.work.find(baseline)
        self._known = {entry.id for entry in found}
        return found[0] if found else None

    def _patiently(self, look: Callable[[], T | None], until: float) -> T | None:
        """
        Look until something is seen or the time is up; look once in any case, and then at last.

        :raises RequestError: When the last look failed, or none can succeed.
        """
        pause = 1.0
        while True:
            problem: RequestError | None = None
            try:
                seen = look()
                if seen is not None:
                    return seen
            except (AuthError, InvalidRequestError):
                raise
            except RequestError as error:
                problem = error
            left = until - self.clock()
            if left <= 0:
                if problem is not None:
                    raise problem
                return None
            self.sleep(min(pause, left))
            pause = min(pause * 2, PAUSE)

    def _unknown(self, why: str, number: int | None = None) -> LaunchUnknownError:
        marker = replace(self.marker, try_number=number or self.marker.try_number)
        return LaunchUnknownError(
            f"{self.work.what} may or may not have been started ({why}). Nothing more was sent. "
            f"Look at {self.work.where} for {self.work.sign(marker)}. A later try looks again; "
            "whoever clears the task has it started anew if nothing is found."
        )
