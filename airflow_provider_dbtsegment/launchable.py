"""What launching once needs of a service, and of a store that outlives the try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from airflow_provider_dbtsegment.marker import Marker
from airflow_provider_dbtsegment.outcomes import Outcome

K = TypeVar("K", int, str)


@dataclass(frozen=True)
class Found(Generic[K]):
    """
    Something that an earlier try started.

    :param outcome: How it ended, or `None` while it goes on.
    :param try_number: The try that started it.
    :param noted: What the ledger says of it, if it comes from there.
    """

    id: K
    outcome: Outcome | None
    try_number: int
    noted: Mapping[str, Any] = field(default_factory=dict, compare=False)


class Launchable(Protocol[K]):
    """What a service has to offer to be launched once."""

    #: What is started, and where a person can look for it; for messages.
    what: str
    where: str
    #: Whether what a try starts carries its mark, so that it cannot be taken for anybody else's.
    is_marked: bool
    #: What a person can do when nobody can know whose something is.
    advice: str

    def sign(self, marker: Marker) -> str:
        """Return how a person knows what the try of a marker has started."""

    def baseline(self) -> Any:
        """Return what is there now and could later be taken for ours; goes into the ledger."""

    def submit(self) -> K:
        """Start it."""

    def can_retry(self, failed: K) -> bool:
        """Return whether the service can go on from where something failed."""

    def submit_retry(self, failed: K) -> K:
        """Start it from the point of failure."""

    def find(self, baseline: Any) -> Sequence[Found[K]]:
        """
        Return what tries of this task run have started, the newest first.

        :param baseline: What was there before, or `None` when that is not known.
        :raises RequestError: When the answer is not complete, or does not show whose things are.
        """

    def doubtful(self) -> Sequence[Found[K]]:
        """
        Return what a try of this task run may have started, or anybody else.

        Only what must keep a later try from starting anew: it goes on, or has succeeded. Whose
        things carry a mark has no doubts.
        """

    def outcome(self, id: K) -> Outcome | None:
        """Return how something ended, or `None` while it goes on."""

    def going_on(self) -> K | None:
        """Return something of the same kind that anybody has started and that is going on."""


class Ledger(Protocol):
    """A small store that outlives the try: Airflow's task state store, where there is one."""

    def get(self, key: str) -> Any:
        """Return a value, or `None`."""

    def set(self, key: str, value: Any) -> None:
        """Store a value."""
