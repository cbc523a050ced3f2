"""
Syncs so large that Segment carries out one extract as several of them, or cuts it off.

Segment does that from 150 million rows on. The further syncs begin within a minute after the one
before has ended, and nothing in them names the first; so every sync of the mapping that begins then
is counted among them.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter

from airflow_provider_dbtsegment.outcomes import seconds_of
from airflow_provider_dbtsegment.segment.sync_counts import SyncCounts
from airflow_provider_dbtsegment.segment.types import SyncStatus, outcome

#: From so many rows on, an extract may be split.
MIN_ROWS = 150_000_000
#: Seconds after the end of a part within which the next one begins.
NEXT_BEGINS_WITHIN = 60.0


def may_be_split(sync: SyncStatus) -> bool:
    """Return whether a sync is so large that it may be one part of an extract."""
    return SyncCounts.of(sync).extracted >= MIN_ROWS


def further_parts(
    first: SyncStatus, listed: Iterable[SyncStatus], *, since: float, now: float
) -> tuple[list[SyncStatus], bool]:
    """
    Return the further parts of an extract, the oldest first, and whether these are all of them.

    :param first: The first part, which has ended.
    :param listed: The newest syncs of its mapping.
    :param since: When the first part was seen to have ended, in seconds since the epoch by
        Segment's clock; a part whose end has no time is taken to have ended then.
    :param now: Seconds since the epoch by Segment's clock.
    """
    began = seconds_of(first.get("startedAt"))
    until = _next_until(first, since, now)
    found = []
    later = [
        (at, one)
        for one in listed
        if one["syncId"] != first["syncId"]
        and (at := seconds_of(one.get("startedAt"))) is not None
        and (began is None or at >= began)
    ]
    for at, one in sorted(later, key=itemgetter(0)):
        if at > until:
            break
        found.append(one)
        until = max(until, _next_until(one, since, now))
    ended = all(outcome(one) is not None for one in found)
    return found, ended and now > until


def _next_until(part: SyncStatus, since: float, now: float) -> float:
    """Return until when the part after this one may begin."""
    if outcome(part) is None:
        return now
    ended = seconds_of(part.get("finishedAt"))
    end = since if ended is None else ended
    return end + NEXT_BEGINS_WITHIN if may_be_split(part) else end
