"""The fault machine as tests hold it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from airflow_provider_dbtsegment.sandbox.clock import Clock
from airflow_provider_dbtsegment.sandbox.faults.fault import Fault, FaultError
from airflow_provider_dbtsegment.sandbox.faults.ledger import Ledger, Started
from airflow_provider_dbtsegment.sandbox.faults.requests import RequestLog, Seen
from airflow_provider_dbtsegment.sandbox.faults.rules import Rule, RuleBook

LEDGER = "ledger.jsonl"
BY_ITSELF = "The run was cancelled: no resources were available for 30 minutes."
_FARTHEST_SECONDS = 10 * 365 * 86400.0


class Faults:
    """What goes wrong in a sandbox, and what it has seen and started. Any thread may ask.

    :param state_dir: the ledger is kept here.
    """

    def __init__(self, state_dir: Path) -> None:
        self.clock = Clock()
        self.rule_book = RuleBook()
        self.request_log = RequestLog()
        self.started = Ledger(state_dir / LEDGER)
        self.segment_tokens: Sequence[str] = ()
        self._cancel_run: Callable[[int, str], None] | None = None

    def add(self, fault: Fault) -> int:
        """Put a fault behind those in force, and return its number."""
        return self.rule_book.add(fault)

    def add_all(self, faults: Iterable[Fault]) -> list[int]:
        """Put several faults behind those in force, and return their numbers."""
        return [self.add(fault) for fault in faults]

    def clear(self) -> None:
        """End all faults; requests under way keep theirs. Clock, ledger and requests stay."""
        self.rule_book.clear()

    def rules(self) -> list[Rule]:
        """List the faults that were added, with what they have hit."""
        return self.rule_book.all()

    def requests(self) -> list[Seen]:
        """List the requests to the services, oldest first."""
        return self.request_log.all()

    def ledger(self) -> list[Started]:
        """List what the services have started, oldest first."""
        return self.started.all()

    def set_clock(self, offset_seconds: float) -> None:
        """Move the services' clock from this machine's; 0 puts it right.

        :raises FaultError: when this is no number, or more than ten years.
        """
        if (
            not isinstance(offset_seconds, int | float)
            or isinstance(offset_seconds, bool)
            or not math.isfinite(offset_seconds)
            or abs(offset_seconds) > _FARTHEST_SECONDS
        ):
            raise FaultError("offset_seconds must be a number of seconds, at most ten years.")
        self.clock.offset_seconds = float(offset_seconds)

    def set_segment_tokens(self, tokens: Sequence[str]) -> None:
        """Let these tokens alone open Segment, in place of the configured one; none restores it.

        :raises FaultError: when this is no list of texts.
        """
        if not isinstance(tokens, list | tuple) or not all(
            isinstance(token, str) and token for token in tokens
        ):
            raise FaultError("tokens must be a list of texts that are not empty.")
        self.segment_tokens = tuple(tokens)

    def cancel_run(self, run_id: int, message: str = BY_ITSELF) -> None:
        """Cancel a run as dbt Cloud itself does: no actor is recorded.

        :param message: the run's ``status_message``.
        :raises FaultError: when there is no such run, or it has ended.
        """
        if not isinstance(message, str) or not message:
            raise FaultError("message must be a text that is not empty.")
        if self._cancel_run is None:
            raise FaultError("This fault machine belongs to no sandbox.")
        self._cancel_run(run_id, message)

    def on_cancel_run(self, cancel_run: Callable[[int, str], None]) -> None:
        """Name what cancels a run of this sandbox; it raises :class:`FaultError`."""
        self._cancel_run = cancel_run
