"""Write the tables of all arguments from the classes: ``python -m tests.docs.arguments``."""

from __future__ import annotations

import importlib
import inspect
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow_provider_dbtsegment import get_provider_info
from airflow_provider_dbtsegment.compat import BaseOperator

FILE = Path(__file__).parents[2] / "docs" / "arguments.md"
HEAD = """\
# Arguments

All arguments of operators and sensors, beside those that every Airflow task has. A *templated*
argument may hold Jinja or the output of another task. [Operators](operators.md) and
[Sensors](sensors.md) show them at work.
"""
#: Defaults that Airflow's configuration decides.
CONFIGURED = {"deferrable": "`[operators] default_deferrable`, else `False`"}


def task_classes() -> list[type]:
    """Return all operators, then all sensors, in the order of the provider's info."""
    found: list[type] = []
    for kind in ("operators", "sensors"):
        for entry in get_provider_info()[kind]:
            for name in entry["python-modules"]:
                members = vars(importlib.import_module(name)).values()
                found += [one for one in members if _is_task_of(one, name)]
    return found


def own_arguments(task: type) -> dict[str, inspect.Parameter]:
    """Return the arguments that a class adds to those of every task."""
    parameters = inspect.signature(task.__init__).parameters
    return {name: one for name, one in parameters.items() if one.kind is one.KEYWORD_ONLY}


def arguments() -> str:
    """Return the page as Markdown."""
    return HEAD + "".join(_section(task) for task in task_classes())


def _is_task_of(member: Any, module: str) -> bool:
    is_task = isinstance(member, type) and issubclass(member, BaseOperator)
    return is_task and member.__module__ == module


def _section(task: Any) -> str:
    told = _told(inspect.getdoc(task) or "")
    lines = [f"\n## `{task.__name__}`\n", f"`from {task.__module__} import {task.__name__}`\n"]
    lines += ["| argument | default | templated | |", "|---|---|---|---|"]
    for name, parameter in own_arguments(task).items():
        templated = "yes" if name in task.template_fields else ""
        lines.append(f"| `{name}` | {_default(parameter)} | {templated} | {told[name]} |")
    return "\n".join(lines) + "\n"


def _told(doc: str) -> dict[str, str]:
    """Return what a docstring says of each argument."""
    pieces = re.split(r"^:(param (\w+)|raises \w+|return):", doc, flags=re.MULTILINE)[1:]
    told = {name: text for name, text in zip(pieces[1::3], pieces[2::3], strict=True) if name}
    return {
        name: re.sub(r"``(.+?)``", r"`\1`", " ".join(text.split())) for name, text in told.items()
    }


def _default(parameter: inspect.Parameter) -> str:
    if parameter.default is parameter.empty:
        return "required"
    if parameter.name in CONFIGURED:
        return CONFIGURED[parameter.name]
    return f"`{_written(parameter.default)}`"


def _written(value: Any) -> str:
    if isinstance(value, timedelta) and not value.days:
        return f"timedelta(minutes={value.seconds // 60})"
    return repr(value).removeprefix("datetime.")


if __name__ == "__main__":
    FILE.write_text(arguments(), encoding="utf-8")
