"""The fault machine as tests hold it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from airflow_provider_dbtsegment.sandbox.clock import Clock
from airflow_provider_dbtsegment.sandbox.faults.fault import Fault, FaultError
from airflow_provider_dbtsegment.sandbox.faults.ledger import Ledger, Started
from airflow_provider_dbtsegment.sandbox.faults.requests import RequestLog, Seen
from airflow_provider_dbtsegment.sandbox.faults.rules import Rule, RuleBook

LEDGER = "ledger.jsonl"
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
