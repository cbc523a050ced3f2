"""Another time for our provider in a task's process, as on a worker whose clock is off."""

from __future__ import annotations

import pkgutil
import sys
import time
from datetime import datetime, timedelta, tzinfo
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

import airflow_provider_dbtsegment as package

#: What a task does not use, or what is not ours: the services keep their own time.
NOT_MEANT = ("sandbox", "demo", "ui", "cli")


def set_clock_off(seconds: float) -> None:
    """
    Move the wall clock that our provider's modules read in this process.

    Airflow's own modules go by the right time: what is tried is what becomes of times that one
    attempt writes down and another one on another machine reads.
    """
    true_time, true_datetime = time.time, datetime

    def moved_time() -> float:
        return true_time() + seconds

    class AnyDatetime(type(datetime)):  # type: ignore[misc]
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, true_datetime)

    class MovedDatetime(datetime, metaclass=AnyDatetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return true_datetime.now(tz) + timedelta(seconds=seconds)

        @classmethod
        def utcnow(cls) -> Any:
            return true_datetime.utcnow() + timedelta(seconds=seconds)

    moved_module = ModuleType("time")
    vars(moved_module).update(vars(time))
    moved_module.time = moved_time  # type: ignore[attr-defined]
    moved = {id(time): moved_module, id(true_time): moved_time, id(datetime): MovedDatetime}

    for module in _modules():
        for name, value in list(vars(module).items()):
            if id(value) in moved:
                setattr(module, name, moved[id(value)])
            for function in _functions(module, value):
                _move_defaults(function, moved)


def _modules() -> list[ModuleType]:
    """Import all modules of the provider that a task can use."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if found.name.split(".")[1] not in NOT_MEANT:
            import_module(found.name)
    prefix = f"{package.__name__}."
    return [
        module
        for name, module in list(sys.modules.items())
        if name.startswith(prefix) and name.split(".")[1] not in NOT_MEANT
    ]


def _functions(module: ModuleType, value: Any) -> list[FunctionType]:
    """Return a function of a module, or those of a class of it."""
    values = vars(value).values() if isinstance(value, type) else [value]
    own = [getattr(one, "__func__", one) for one in values]
    return [
        one for one in own if isinstance(one, FunctionType) and one.__module__ == module.__name__
    ]


def _move_defaults(function: FunctionType, moved: dict[int, Any]) -> None:
    """Let a function whose argument is a clock by default use the moved one."""
    if function.__defaults__:
        function.__defaults__ = tuple(moved.get(id(one), one) for one in function.__defaults__)
    if function.__kwdefaults__:
        function.__kwdefaults__ = {
            name: moved.get(id(one), one) for name, one in function.__kwdefaults__.items()
        }
