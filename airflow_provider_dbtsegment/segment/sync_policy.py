"""
Decide whether a sync that rejected rows passes.

Segment sends the rows that a destination has rejected again in each later sync of the mapping. So
rows that can never be delivered come back every day. On a day without changes they are all that is
sent, and the sync ends as FAIL. A destination that is down looks similar: `SyncPolicy` tells the
two apart by what the mapping's earlier syncs have delivered and rejected.

It reads nothing but what Segment documents: the status, the counts, and the error code of the
extract phase. The error codes of the sync and of its load phase play no part.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from airflow_provider_dbtsegment.exceptions import ConfigurationError
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.segment.sync_counts import (
    SyncCounts,
    documented_outcome,
    is_complete,
)
from airflow_provider_dbtsegment.segment.sync_history import EarlierRows, History, name_of
from airflow_provider_dbtsegment.segment.types import SyncStatus, outcome

#: What a user can want of a sync that rejected rows.
PARTIAL_SUCCESS = ("fail", "warn", "accept")

_ROWS = re.compile(r"[0-9]{1,18}")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,15})?) ?%")
_FRACTION = re.compile(r"0?\.[0-9]{1,15}")
_BOTH = re.compile(rf"{_PERCENT.pattern}, ?at most ({_ROWS.pattern})", re.IGNORECASE)


class RejectionLimit(NamedTuple):
    """
    How many rows a destination may reject; `None` is no limit.

    :param share: Which share of the new rows.
    :param rows: How many rows in all, known ones included.
    """

    share: Fraction | None = None
    rows: int | None = None

    @classmethod
    def parse(cls, given: object) -> RejectionLimit:
        """
        Read ``max_rejected_rows``: `None`, ``50``, ``"1%"``, ``0.01`` or ``"1%, at most 500"``.

        :raises ConfigurationError: When it is anything else.
        """
        limit = cls() if given is None else _read_limit(given)
        if limit is None:
            raise ConfigurationError(
                f"max_rejected_rows is {given!r}; give a number of rows such as 50, a share of the "
                "new rows such as '1%' or 0.01, or both as '1%, at most 500'."
            )
        return limit


class Verdict(NamedTuple):
    """
    Whether a task lets a sync pass, and why.

    :param decision: The numbers that decided, in a sentence; empty if they decided nothing.
    :param new_rejected: How many of the new rows were rejected; `None` if that decided nothing.
    :param new_rows: How many rows were new.
    """

    passes: bool
    decision: str = ""
    new_rejected: int | None = None
    new_rows: int | None = None


@dataclass(frozen=True)
class SyncPolicy:
    """
    What a user wants of a sync that rejected rows.

    :param partial_success: ``fail``: a rejected row fails the task. ``warn`` and ``accept``: the
        sync passes within ``max_rejected_rows``, with or without a warning.
    :param max_rejected_rows: See `RejectionLimit.parse`; `None` is no limit.
    :raises ConfigurationError: When an argument makes no sense.
    """

    partial_success: str = "fail"
    max_rejected_rows: int | float | str | None = None
    limit: RejectionLimit = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.partial_success not in PARTIAL_SUCCESS:
            raise ConfigurationError(
                f"partial_success is {self.partial_success!r}; use 'fail', 'warn' or 'accept'."
            )
        object.__setattr__(self, "limit", RejectionLimit.parse(self.max_rejected_rows))
        if self.max_rejected_rows is not None and self.partial_success == "fail":
            raise ConfigurationError(
                "max_rejected_rows bounds what partial_success='warn' or 'accept' lets pass; "
                "with 'fail' nothing passes."
            )

    def outcome(self, sync: SyncStatus, history: Callable[[], History]) -> Outcome | None:
        """
        Return how a sync ended for a task with this policy, or `None` while it is running.

        ``SUCCESS`` if the task lets it pass, whatever Segment calls it; never ``PARTIAL``.

        :param history: See `judge`.
        """
        ended = outcome(sync)
        if ended is None or ended is Outcome.CANCELLED:
            return ended
        return Outcome.SUCCESS if self.judge(sync, history).passes else Outcome.FAILED

    def can_pass(self, sync: SyncStatus) -> bool:
        """Return whether a sync that has ended passes, or may pass by its history."""
        verdict = self._judge_alone(sync)
        return verdict is None or verdict.passes

    def judge(self, sync: SyncStatus, history: Callable[[], History]) -> Verdict:
        """
        Decide whether a sync that has ended passes.

        A sync that rejected no rows passes if Segment calls it a success. One that rejected rows
        is judged in the same way whether Segment calls it SUCCESS, PARTIAL_SUCCESS or FAIL. It
        fails with ``partial_success="fail"``, if its extraction failed, or if it rejected more
        rows in all than the absolute limit allows. Otherwise:

        - *Known* are the rows that the mapping's preceding sync rejected: they were sent again.
        - *New rows* are the rows of this sync, delivered or rejected, without the known ones.
        - *New rejections* are the rejected rows without the known ones.
        - If there are new rows and no row was delivered, the sync fails.
        - If new rejections / new rows is more than the share that is allowed, the sync fails.
          Without new rows there are no new rejections, and it passes.

        Rejections count as known only if the sync that rejected them passed itself. If the
        preceding sync failed, all syncs since the last one that passed are counted as one, so
        that a retry comes to the same result as the attempt before it. If the mapping has more
        than 100 syncs, the oldest of the 100 newest counts as one that passed.

        Whatever is unclear counts as new, and makes the sync fail if the result depends on it.

        :param history: Returns the syncs of the mapping before this one. Called at most once, and
            only if the result depends on it.
        """
        verdict = self._judge_alone(sync)
        if verdict is not None:
            return verdict
        return self._compare(self._earlier_rows(history()), SyncCounts.of(sync))

    def _judge_alone(self, sync: SyncStatus) -> Verdict | None:
        """Return the verdict if it does not depend on earlier syncs."""
        ended, counts = documented_outcome(sync), SyncCounts.of(sync)
        if ended is None or ended is Outcome.CANCELLED:
            return Verdict(False)
        if not counts.rejected and ended is not Outcome.PARTIAL:
            return Verdict(ended is Outcome.SUCCESS)
        refusal = self._refusal(counts, ended)
        if refusal:
            return Verdict(False, refusal)
        share = self.limit.share
        if counts.delivered and (share is None or counts.rejected <= share * counts.sent):
            # It passes even if all of its rows are new.
            part = _percent(counts.rejected, counts.sent)
            return Verdict(True, f"{counts} ({part}).{self._allowance}")
        return None

    def _refusal(self, counts: SyncCounts, ended: Outcome) -> str:
        """Return why a sync fails whatever the earlier ones were; empty if it need not."""
        if counts.extract_error:
            return f"Its extraction failed ({counts.extract_error})."
        if self.partial_success == "fail":
            return (
                "This fails because of partial_success='fail'; 'warn' or 'accept' let it pass, and "
                "max_rejected_rows says up to how many rows."
            )
        if counts.problem:
            return f"It is unclear what it delivered: {counts.problem}."
        if not counts.rejected:
            return "It is unclear what it left out: Segment counts no rejected rows."
        lost = counts.lost(ended)
        if lost:
            extracted = f"{counts.extracted:,} extracted rows"
            return f"{lost:,} of {extracted} were neither delivered nor rejected."
        if self.limit.rows is not None and counts.rejected > self.limit.rows:
            return f"{counts}.{self._allowance}"
        return ""

    def _compare(self, earlier: EarlierRows, counts: SyncCounts) -> Verdict:
        """Judge the counts of a sync by the rows of those before it."""
        known = min(earlier.known, counts.rejected)
        new_rejected = counts.rejected - known
        new_rows = max(0, earlier.delivered + counts.sent - earlier.known)
        facts = f"{counts}, {known:,} known from before" if known else str(counts)
        undelivered = earlier.undelivered(counts)
        if undelivered:
            return Verdict(False, f"{facts}; {undelivered}.", new_rejected, new_rows)
        if new_rows:
            since = f" since {earlier.since}" if earlier.since else ""
            part = _percent(new_rejected, new_rows)
            facts += f"; {new_rejected:,} of {new_rows:,} new rows{since} ({part})"
        else:
            facts += "; no new rows"
        share = self.limit.share
        passes = share is None or new_rejected <= share * new_rows
        doubt = (
            "" if passes or not earlier.unclear else f" Known rows are unclear: {earlier.unclear}."
        )
        return Verdict(passes, f"{facts}.{self._allowance}{doubt}", new_rejected, new_rows)

    @property
    def _allowance(self) -> str:
        """What is allowed, as a sentence; empty if anything is."""
        share, rows = self.limit
        allowed = [
            "" if share is None else f"{_percent(*share.as_integer_ratio())} of new rows",
            "" if rows is None else f"{rows:,} in all",
        ]
        limits = " and ".join(filter(None, allowed))
        return f" max_rejected_rows={self.max_rejected_rows!r} allows {limits}." if limits else ""

    def _earlier_rows(self, history: History) -> EarlierRows:
        """Go through the earlier syncs, the oldest first, and judge each by those before it."""
        if history.unclear:
            return EarlierRows.unknown(history.unclear)
        earlier, oldest_first = EarlierRows(), list(reversed(history.syncs))
        if not history.is_whole:
            first = next((n for n, one in enumerate(oldest_first) if is_complete(one)), None)
            if first is None:
                return EarlierRows.unknown("no earlier sync was carried out to its end")
            earlier = EarlierRows.after_pass(oldest_first[first])
            oldest_first = oldest_first[first + 1 :]
        for sync in oldest_first:
            earlier = self._add(earlier, sync)
        return earlier

    def _add(self, earlier: EarlierRows, sync: SyncStatus) -> EarlierRows:
        """Return what is known after one more sync."""
        ended, counts = outcome(sync), SyncCounts.of(sync)
        if ended is None:
            return EarlierRows.unknown(f"{name_of(sync)} before it has not ended")
        if counts.problem:
            return EarlierRows.unknown(f"of {name_of(sync)} before it {counts.problem}")
        if not counts.sent and (ended is not Outcome.SUCCESS or counts.lost(ended)):
            # It sent nothing: what there was to send is still there.
            return earlier
        if not is_complete(sync):
            was = "cancelled" if ended is Outcome.CANCELLED else "not carried out to its end"
            return earlier.after_break(sync, f"{name_of(sync)} before it was {was}")
        refused = bool(counts.rejected and self._refusal(counts, ended))
        if refused or (counts.rejected and not self._compare(earlier, counts).passes):
            return earlier.after_failure(sync)
        return EarlierRows.after_pass(sync)


def _read_limit(given: object) -> RejectionLimit | None:
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        return None
    if isinstance(given, float):
        # 1.0 could mean one row as well as all rows.
        return RejectionLimit(share=Fraction(str(given))) if 0 <= given < 1 else None
    text = " ".join(str(given).split())
    if _ROWS.fullmatch(text):
        return RejectionLimit(rows=int(text))
    if _FRACTION.fullmatch(text):
        return RejectionLimit(share=Fraction(text))
    both = _BOTH.fullmatch(text)
    found = both or _PERCENT.fullmatch(text)
    if found is None or Fraction(found[1]) > 100:
        return None
    return RejectionLimit(Fraction(found[1]) / 100, int(both[2]) if both else None)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.4g}%"
