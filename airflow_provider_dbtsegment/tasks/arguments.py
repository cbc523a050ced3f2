"""
Validate the arguments of operators and sensors.

An argument that is written out in the DAG file is validated when the task is created, so that a
typo is an import error of the DAG. A templated argument that holds a template, or the output of
another task, is validated in `execute`, before anything is started. Rendering turns every value
into text, so numbers and switches are accepted as text as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dbtsegment.exceptions import ConfigurationError

_TRUE = ("true", "yes", "1", "on")
_FALSE = ("false", "no", "0", "off")
#: dbt Cloud's numbers are integers of 64 bits.
_MAX_INT = 2**63 - 1
#: How Jinja's expressions, statements and comments begin, and how a DAG renames them.
_TEMPLATE_STARTS = {
    "variable_start_string": "{{",
    "block_start_string": "{%",
    "comment_start_string": "{#",
}

#: Validates the value of an argument, given its name, and returns it converted.
Check = Callable[[Any, str], Any]


class CheckedArguments:
    """
    Validate arguments when a task is created and before it starts anything.

    A class lists its arguments in `_checks`, and calls `_check_literals` at the end of `__init__`
    and `_check_arguments` at the beginning of `execute`. Attributes keep what was given; only
    switches that were given as text are replaced by what they mean.
    """

    #: How each argument is validated, by its name.
    _checks: ClassVar[Mapping[str, Check]] = {}

    if TYPE_CHECKING:
        template_fields: Sequence[str]
        template_ext: Sequence[str]

        def get_dag(self) -> Any: ...

    else:

        @classmethod
        def partial(cls, **kwargs: Any) -> Any:
            """
            Return an operator that is to be mapped, as Airflow's `BaseOperator.partial` does.

            The arguments that it is to be mapped over are not known yet, and validated at run time.

            :raises ConfigurationError: When an argument that is given here is wrong.
            """
            made = super().partial(**kwargs)
            own = made.kwargs
            defaults = [getattr(own.get(name), "default_args", None) for name in _HAVE_DEFAULTS]
            given = {}
            for values in (*defaults, kwargs.get("default_args"), own):
                given.update(values or {})
            known = {name: given[name] for name in cls._checks if name in given}
            _checked(cls, known, template_starts(own.get("dag"), cls.template_ext))
            return made

        def resume_execution(self, *args: Any, **kwargs: Any) -> Any:
            """Go on after a deferral; a subclass may have made switches template fields."""
            self._read_switches()
            return super().resume_execution(*args, **kwargs)

    def _check_literals(self) -> None:
        """
        Validate the arguments that are written out, when the task is created.

        :raises ConfigurationError: When one of them is wrong.
        """
        starts = template_starts(self.get_dag(), self.template_ext)
        self._keep_switches(_checked(self, self._given(), starts))

    def _check_arguments(self) -> None:
        """
        Validate all arguments, after their templates were rendered and before anything is started.

        :raises ConfigurationError: When one of them is wrong.
        """
        self._keep_switches(_checked(self, self._given()))

    @classmethod
    def _check_together(cls, known: Mapping[str, Any]) -> None:
        """
        Validate arguments that depend on each other.

        :param known: Converted values by name; what is not known yet is left out.
        :raises ConfigurationError: When they contradict each other.
        """

    def _given(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._checks}

    def _read_switches(self) -> None:
        switches = (name for name, check in self._checks.items() if check is switch)
        self._keep_switches({name: switch(getattr(self, name), name) for name in switches})

    def _keep_switches(self, known: Mapping[str, Any]) -> None:
        for name, value in known.items():
            if self._checks[name] is switch and getattr(self, name) is not value:
                setattr(self, name, value)


#: What of a mapped operator may have default arguments.
_HAVE_DEFAULTS = ("dag", "task_group")


def _checked(
    task: CheckedArguments | type[CheckedArguments],
    given: Mapping[str, Any],
    starts: Sequence[str] | None = None,
) -> dict[str, Any]:
    """
    Return validated values; those that are rendered later are left out.

    :param starts: How templates begin; nothing if they have been rendered.
    """
    known = {}
    for name, value in given.items():
        if starts is not None and is_rendered_later(value, starts):
            if name not in task.template_fields:
                raise ConfigurationError(
                    f"{name} is {value!r:.200}, but this argument is not templated. Give its value."
                )
            continue
        known[name] = task._checks[name](value, name)
    task._check_together(known)
    return known


def template_starts(dag: Any, file_endings: Iterable[str] = ()) -> tuple[str, ...]:
    """
    Return what begins a template in the arguments of a task.

    :param dag: The DAG of the task, which may have other delimiters than Jinja's own.
    """
    renamed = getattr(dag, "jinja_environment_kwargs", None) or {}
    starts = (renamed.get(name, usual) for name, usual in _TEMPLATE_STARTS.items())
    line = renamed.get("line_statement_prefix"), renamed.get("line_comment_prefix")
    return tuple(filter(None, (*starts, *line, *file_endings)))


def is_rendered_later(value: Any, starts: Sequence[str] = tuple(_TEMPLATE_STARTS.values())) -> bool:
    """Return whether the value is not known yet: a template, or the output of another task."""
    if value is None or isinstance(value, (bool, int, float, timedelta)):
        return False
    if isinstance(value, str):
        return any(start in value for start in starts)
    if isinstance(value, (list, tuple, set)):
        return any(is_rendered_later(one, starts) for one in value)
    if isinstance(value, dict):
        return any(is_rendered_later(one, starts) for one in value.values())
    if hasattr(type(value), "__truediv__"):  # a path, whose `resolve` is something else
        return any(start in str(value) for start in starts)
    # What Airflow calls when it renders, such as the output of another task, or a function.
    return callable(value) or callable(getattr(value, "resolve", None))


def unchecked(value: Any, name: str) -> Any:
    """Return the value of an argument that is validated together with others."""
    return value


def switch(value: Any, name: str) -> bool:
    """
    Return a truth value, which may be text such as ``"false"``, ``"no"``, ``"0"`` or ``"off"``.

    :raises ConfigurationError: When it is something else, or `None`.
    """
    flag = optional_flag(value, name)
    if flag is None:
        raise ConfigurationError(f"{name} is {value!r}; it must be true or false.")
    return flag


def optional_flag(value: Any, name: str) -> bool | None:
    """
    Return a truth value, which may be text, or `None`.

    :raises ConfigurationError: When it is something else.
    """
    if value is None or isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in ("", "none"):
        return None
    if text not in _TRUE + _FALSE:
        raise ConfigurationError(f"{name} is {value!r:.200}; it must be true or false.")
    return text in _TRUE


def optional_int(value: Any, name: str) -> int | None:
    """
    Return a whole number above 0, which may be text, or `None`.

    :raises ConfigurationError: When it is something else.
    """
    return _optional_number(value, name, 1, "above 0")


def optional_count(value: Any, name: str) -> int | None:
    """
    Return a whole number that is not negative, which may be text, or `None`.

    :raises ConfigurationError: When it is something else.
    """
    return _optional_number(value, name, 0, "not below 0")


def required_int(value: Any, name: str) -> int:
    """
    Return a whole number above 0, which may be text.

    :raises ConfigurationError: When it is something else, or `None`.
    """
    number = optional_int(value, name)
    if number is None:
        raise ConfigurationError(f"{name} is empty; it must be a whole number above 0.")
    return number


def _optional_number(value: Any, name: str, least: int, bound: str) -> int | None:
    text = "" if value is None else str(value).strip()
    if not text or text == "None":
        return None
    is_number = not isinstance(value, (bool, float)) and text.isascii() and text.isdigit()
    # Python refuses to read numbers of thousands of digits.
    if not is_number or len(text) > 30 or not least <= int(text) <= _MAX_INT:
        raise ConfigurationError(f"{name} is {value!r:.200}; it must be a whole number {bound}.")
    return int(text)


def required_id(value: Any, name: str) -> str:
    """
    Return an id that can be part of a path.

    :raises ConfigurationError: When it cannot.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, type(None))):
        raise ConfigurationError(f"{name} is {value!r:.200}; it must be an id: a text or a number.")
    text = "" if value is None else str(value).strip()
    if not text or text == "None":
        raise ConfigurationError(f"{name} is empty.")
    if _changes_path(text) or "/" in text:
        raise ConfigurationError(
            f"{name} is {text!r:.200}; an id has no slash in it. Give the id, not the address."
        )
    return text


def optional_id(value: Any, name: str) -> str | None:
    """
    Return an id that can be part of a path, or `None`.

    :raises ConfigurationError: When it cannot.
    """
    return None if value is None or value in ("", "None") else required_id(value, name)


def optional_text(value: Any, name: str) -> str | None:
    """
    Return a text, or `None`.

    :raises ConfigurationError: When it is something else.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} is {value!r:.200}; it must be a text.")
    return None if value.strip() in ("", "None") else value


def required_text(value: Any, name: str) -> str:
    """
    Return a text that is not empty.

    :raises ConfigurationError: When it is something else.
    """
    text = optional_text(value, name)
    if text is None:
        raise ConfigurationError(f"{name} is empty.")
    return text


def optional_texts(value: Any, name: str) -> list[str] | None:
    """
    Return a list of texts, or `None`.

    :raises ConfigurationError: When it is something else; a single text is probably a mistake.
    """
    if value is None:
        return None
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ConfigurationError(f"{name} is {value!r:.200}; it must be a list of texts.")
    for text in value:
        if not isinstance(text, str):
            raise ConfigurationError(
                f"{name} holds {text!r:.200}; it must be a list of texts, without anything else."
            )
    texts = [text.strip() for text in value]
    if not texts or not all(texts):
        raise ConfigurationError(f"{name} is {value!r:.200}; it holds nothing, or an empty text.")
    return texts


def optional_seconds(value: Any, name: str) -> float | None:
    """
    Return a time in seconds, which may be a `timedelta` or text, or `None`.

    :raises ConfigurationError: When it is not above 0.
    """
    if value is None:
        return None
    try:
        seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    except (TypeError, ValueError, OverflowError):
        seconds = -1.0
    if isinstance(value, bool) or not 0 < seconds < float("inf"):
        raise ConfigurationError(f"{name} is {value!r:.200}; it must be a time above 0 seconds.")
    return seconds


def required_seconds(value: Any, name: str) -> float:
    """
    Return a time in seconds, which may be a `timedelta` or text.

    :raises ConfigurationError: When it is not above 0, or `None`.
    """
    seconds = optional_seconds(value, name)
    if seconds is None:
        raise ConfigurationError(f"{name} is None; it must be a time above 0 seconds.")
    return seconds


def seconds_from_zero(value: Any, name: str) -> float | None:
    """
    Return a time in seconds, which may be 0, a `timedelta` or text, or `None`.

    :raises ConfigurationError: When it is below 0.
    """
    is_zero = value in (0, timedelta(0)) and not isinstance(value, bool)
    return 0.0 if is_zero else optional_seconds(value, name)


def artifact_path(value: Any, name: str) -> str:
    """
    Return the path of an artifact within ``target/``.

    :raises ConfigurationError: When it cannot be one.
    """
    path = file_path(value, name)
    if any(not part.strip() or _changes_path(part) for part in path.split("/")):
        raise ConfigurationError(
            f"{name} is {path!r:.200}; it must be a path within target/, such as 'manifest.json'."
        )
    return path


def file_address(value: Any, name: str) -> str:
    """
    Return where a file is to be written, given as text, as a path or as an `ObjectStoragePath`.

    :raises ConfigurationError: When it is something else, or a folder.
    """
    # Asked of the class, since asking the value would open the file system.
    is_path = hasattr(value, "__fspath__") or hasattr(type(value), "fs")
    return file_path(str(value) if is_path else value, name)


def file_path(value: Any, name: str) -> str:
    """
    Return the path of a file.

    :raises ConfigurationError: When it is something else, or a folder.
    """
    text = (optional_text(value, name) or "").strip()
    if not text:
        raise ConfigurationError(f"{name} is empty; give the path of a file.")
    if text.endswith("/"):
        raise ConfigurationError(f"{name} is {text!r:.200}, a folder; give the path of a file.")
    return text


def _changes_path(part: str) -> bool:
    """Return whether a part of a path would lead elsewhere."""
    return "\\" in part or part in (".", "..") or not part.isprintable()
