"""What the earlier syncs of a mapping tell of the rows of the next one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_provider_dbtsegment.exceptions import InvalidRequestError, NotFoundError
from airflow_provider_dbtsegment.outcomes import seconds_of
from airflow_provider_dbtsegment.segment.sync_counts import SyncCounts
from airflow_provider_dbtsegment.segment.types import SyncStatus
from airflow_provider_dbtsegment.texts import harmless

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.segment import SegmentApi

#: How many of a mapping's newest syncs are read at most: one page of Segment's list.
MAX_HISTORY = 100


@dataclass(frozen=True)
class History:
    """
    The syncs of a mapping that began before a sync.

    :param syncs: The newest first.
    :param is_whole: Whether they go back to the mapping's first sync.
    :param unclear: Why they are not known, if they are not.
    """

    syncs: Sequence[SyncStatus] = ()
    is_whole: bool = True
    unclear: str = ""

    @classmethod
    def before(
        cls, sync: SyncStatus, listed: Iterable[SyncStatus], limit: int = MAX_HISTORY
    ) -> History:
        """
        Return those of a mapping's newest syncs that began before one of them.

        :param listed: The newest syncs, the newest first.
        :param limit: How many were asked for; if as many came, there may be older ones.
        """
        newest = list(listed)
        began = [seconds_of(one.get("startedAt")) for one in newest]
        times = [at for at in began if at is not None]
        if len(times) == len(newest):
            # Stable: syncs that began at the same time stay as they are listed.
            order = sorted(range(len(newest)), key=lambda n: times[n], reverse=True)
            newest, times = [newest[n] for n in order], [times[n] for n in order]
        ids, own = [one["syncId"] for one in newest], seconds_of(sync.get("startedAt"))
        if sync["syncId"] in ids:
            older = newest[ids.index(sync["syncId"]) + 1 :]
        elif newest and own is not None and len(times) == len(newest):
            older = [one for one, at in zip(newest, times, strict=True) if at < own]
        else:
            return cls(unclear="the list of the mapping's syncs does not show this one")
        is_whole = len(newest) < limit
        if not older and not is_whole:
            return cls(unclear=f"it is not among the {limit} newest syncs of the mapping")
        return cls(older, is_whole)


def read_history(
    api: SegmentApi, sync: SyncStatus, model_id: str, subscription_id: str | None
) -> History:
    """
    Read the mapping's syncs before a sync, in one request.

    :raises RequestError: When they cannot be read for now.
    """
    if not subscription_id:
        return History(unclear="without a subscription_id the mapping's syncs cannot be listed")
    try:
        listed = api.list_reverse_etl_sync_statuses_from_model_and_subscription_id(
            model_id, subscription_id, limit=MAX_HISTORY
        )
        return History.before(sync, listed)
    except (InvalidRequestError, NotFoundError) as error:
        return History(unclear=f"the mapping's syncs cannot be listed ({error})")


@dataclass(frozen=True)
class EarlierRows:
    """
    The rows that the earlier syncs of a mapping have delivered and rejected.

    :param known: How many the last sync that passed has rejected. At most so many of the rows of
        the next sync are known.
    :param delivered: How many were delivered since.
    :param waiting: How many the preceding sync has rejected, which the next one sends again; `None`
        if that is not known.
    :param untested: Set while rows were sent that are or may be new, and none was delivered since.
    :param unclear: Why more rows may be known than ``known`` says, if so.
    :param last: The sync that passed last, for a sentence.
    :param since: ``last`` if syncs came after it that did not pass.
    """

    known: int = 0
    delivered: int = 0
    waiting: int | None = 0
    untested: str = ""
    unclear: str = ""
    last: str = "the mapping's first sync"
    since: str = ""

    @classmethod
    def unknown(cls, why: str) -> EarlierRows:
        """Return that nothing is known."""
        untested = f"none was delivered, and it is unclear how many are new: {why}"
        return cls(waiting=None, untested=untested, unclear=why)

    @classmethod
    def after_pass(cls, sync: SyncStatus) -> EarlierRows:
        """Return what is known after a sync that passed."""
        rejected = SyncCounts.of(sync).rejected
        return cls(known=rejected, waiting=rejected, last=name_of(sync))

    def after_failure(self, sync: SyncStatus) -> EarlierRows:
        """Return what is known after a sync that sent all of its rows and did not pass."""
        counts = SyncCounts.of(sync)
        return replace(
            self,
            delivered=self.delivered + counts.delivered,
            waiting=counts.rejected,
            untested=self.undelivered(counts, f" of {name_of(sync)}"),
            since=self.last,
        )

    def after_break(self, sync: SyncStatus, why: str) -> EarlierRows:
        """Return what is known after a sync that sent some of its rows; which, is not known."""
        known = max(0, self.known - SyncCounts.of(sync).sent)
        return replace(self.unknown(why), known=known, last=self.last)

    def undelivered(self, counts: SyncCounts, of: str = "") -> str:
        """
        Return why the destination may not have taken any new row; empty if it has, or if none is.

        :param counts: Those of the next sync.
        :param of: Its name, for a sentence.
        """
        if counts.delivered:
            return ""
        if self.waiting is None or counts.sent == self.waiting:
            return self.untested
        if counts.sent > self.waiting:
            return f"none of the {counts.sent - self.waiting:,} new rows{of} was delivered"
        return (
            f"no row{of} was delivered, and it is unclear how many are new: the sync before it "
            f"rejected {self.waiting:,}"
        )


def name_of(sync: SyncStatus) -> str:
    """Return a sync's name for a sentence."""
    return f"sync {harmless(sync['syncId'], 60)}"
