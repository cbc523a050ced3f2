"""Where the states come from of what is waited for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

K = TypeVar("K", bound=Hashable)
S = TypeVar("S")


class Source(Protocol[K, S]):
    """Where the states come from. The methods are called in threads."""

    #: How many keys `ask_many` takes at once; 1 means that there is no asking for many.
    batch_size: int

    def ask_many(self, keys: Sequence[K]) -> Mapping[K, S]:
        """Return the states of many; a key that is left out is asked for alone."""

    def ask_one(self, key: K) -> S:
        """Return the state of one."""

    def ended(self, state: S) -> bool:
        """Return whether a state is the last one."""

    def label(self, state: S) -> str:
        """Return the word for a state that a person sees."""

    def close(self) -> None:
        """Close the connections."""


def tell_change(
    source: Source[Any, S], state: S, seen: str | None, on_change: Callable[[str], None]
) -> str:
    """Tell a change of the label, and return the label."""
    label = source.label(state)
    if label != seen:
        on_change(label)
    return label
