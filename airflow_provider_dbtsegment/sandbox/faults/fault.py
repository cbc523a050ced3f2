"""What is to go wrong, with which requests, and how often."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

_FRAMING = ("content-length", "transfer-encoding")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


class FaultError(ValueError):
    """A fault cannot be meant as it is written."""


class Action(str, Enum):
    """How a request goes wrong. Those below the line are processed by the service first."""

    ANSWER = "answer"
    RESET_BEFORE = "reset_before"
    HOLD_BEFORE = "hold_before"
    # ---
    DROP_AFTER = "drop_after"
    RESET_AFTER = "reset_after"
    LATE = "late"
    HALF = "half"
    WRONG_JSON = "wrong_json"
    DRIP = "drip"
    UNBORN = "unborn"
    LEAVE_OUT = "leave_out"
    TRUNCATE = "truncate"


_TIMED = (Action.HOLD_BEFORE, Action.LATE, Action.DRIP, Action.UNBORN)
_OPTIONS: Mapping[Action, tuple[str, ...]] = {
    Action.ANSWER: ("status", "body", "headers"),
    Action.WRONG_JSON: ("status", "body"),
    Action.LEAVE_OUT: ("leave_out",),
    Action.TRUNCATE: ("length",),
    **dict.fromkeys(_TIMED, ("seconds",)),
}


@dataclass(frozen=True)
class Fault:
    """A rule: which requests it hits, and what becomes of them.

    :param route: a regular expression, searched in ``METHOD /path?decoded-query``.
    :param action: what happens; one of :class:`Action`.
    :param skip: so many requests that match pass first.
    :param count: so many are hit after that; None hits all.
    :param lasting: nothing is hit so many seconds after the first hit; with ``count`` None.
    :param status: of ``answer`` (500) and ``wrong_json`` (200).
    :param body: of ``answer``: a text, or what is written as JSON; by default the envelope in which
        the service that is asked reports errors. Of ``wrong_json``: a text.
    :param headers: of ``answer``, beside the content type that fits the body.
    :param seconds: how long ``late`` and ``hold_before`` wait; the pause between two bytes
        of ``drip``; the age below which ``unborn`` hides a run or a sync.
    :param leave_out: so many entries ``leave_out`` takes from the beginning of a list; None all.
    :param length: so many characters ``truncate`` leaves of each text in the request's JSON body.
    :raises FaultError: when this cannot be meant.
    """

    route: str
    action: Action | str
    skip: int = 0
    count: int | None = 1
    lasting: float | None = None
    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None
    leave_out: int | None = 1
    length: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        object.__setattr__(self, "action", _action(self.action))
        _check_route(self.route)
        _check_whole("skip", self.skip, 0)
        if self.count is not None:
            _check_whole("count", self.count, 1, "or null to hit every request")
        if self.leave_out is not None:
            _check_whole("leave_out", self.leave_out, 1, "or null to leave out all entries")
        if self.lasting is not None:
            _check_seconds("lasting", self.lasting)
            if self.count == 1:
                raise FaultError(
                    "A count of 1 ends with the first hit: give a count of null as well."
                )
        self._check_options()
        self._check_answer()

    def _check_options(self) -> None:
        action = Action(self.action)
        known = _OPTIONS.get(action, ())
        if action in _TIMED and self.seconds is None:
            raise FaultError(f"Give seconds: the action {action.value} needs them.")
        if action is Action.TRUNCATE and self.length is None:
            raise FaultError("Give a length: the action truncate needs it.")
        if self.length is not None:
            _check_whole("length", self.length, 1)
        if self.seconds is not None:
            _check_seconds("seconds", self.seconds)
        defaults: dict[str, Any] = {
            "status": None,
            "body": None,
            "headers": {},
            "seconds": None,
            "leave_out": 1,
            "length": None,
        }
        for name, default in defaults.items():
            if name not in known and getattr(self, name) != default:
                takes = f"takes {', '.join(known)}" if known else "takes no options"
                raise FaultError(f"Leave {name} out: the action {action.value} {takes}.")

    def _check_answer(self) -> None:
        if self.status is not None:
            _check_whole("status", self.status, 200)
            if self.status > 599:
                raise FaultError("status must be a whole number from 200 to 599.")
        if not isinstance(self.headers, Mapping):
            raise FaultError("headers must be an object of names and texts.")
        for name, value in self.headers.items():
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise FaultError(f"headers: {name!r} is no name of a header.")
            if name.lower() in _FRAMING:
                raise FaultError(f"Leave {name} out of headers: it follows from the body.")
            if not isinstance(value, str) or not value.isprintable() or not value.isascii():
                raise FaultError(f"headers: {name} must be a text of printable ASCII characters.")
        if self.action is Action.WRONG_JSON and not isinstance(self.body, str | None):
            raise FaultError("body must be a text for the action wrong_json.")
        try:
            json.dumps(self.body)
        except (TypeError, ValueError) as error:
            raise FaultError("body must be a text, or something that JSON can hold.") from error


def _action(value: object) -> Action:
    try:
        return Action(value)
    except ValueError as error:
        known = ", ".join(action.value for action in Action)
        raise FaultError(f"There is no action {value!r}; take one of {known}.") from error


def _check_route(route: object) -> None:
    if not isinstance(route, str) or not route:
        raise FaultError('route must be a regular expression, such as "POST .*/jobs/1/run/".')
    try:
        re.compile(route)
    except re.error as error:
        raise FaultError(f"route {route!r} is no regular expression: {error}.") from error


def _check_whole(name: str, value: object, least: int, otherwise: str = "") -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        tail = f", {otherwise}" if otherwise else ""
        raise FaultError(f"{name} must be a whole number of at least {least}{tail}.")


def _check_seconds(name: str, value: object) -> None:
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not math.isfinite(value)
        or value < 0
    ):
        raise FaultError(f"{name} must be a number of seconds of at least 0.")
