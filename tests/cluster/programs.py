"""What an image brings with it, besides what docker-compose.yaml says: its entry point."""

from __future__ import annotations

from collections.abc import Callable, Sequence

#: What Airflow's image runs as it is; anything else is an argument of `airflow`.
AS_IT_IS = ("bash", "python", "airflow")
#: The parts of Airflow that are started here.
PARTS = ("api-server", "scheduler", "dag-processor", "triggerer", "celery")


class UnknownCommandError(LookupError):
    """Nobody knows how to run this without a container."""


def program(image: str, command: Sequence[str]) -> list[str]:
    """
    Return what the image runs when it is given a command.

    :raises UnknownCommandError: When the image, or what Airflow is to do, is not known.
    """
    name = image.partition(":")[0]
    if name not in ENTRY_POINTS:
        raise UnknownCommandError(f"There is no program for the image {image!r}.")
    return ENTRY_POINTS[name](list(command))


def _airflow(command: list[str]) -> list[str]:
    if command and command[0] in AS_IT_IS:
        return command
    if not command or command[0] not in PARTS:
        raise UnknownCommandError(f"Airflow has no part {' '.join(command)!r}.")
    return ["airflow", *command]


def _plain(command: list[str]) -> list[str]:
    if not command:
        raise UnknownCommandError("The image has a command of its own, which is not known.")
    return command


def _postgres(command: list[str]) -> list[str]:
    return command or ["postgres"]


ENTRY_POINTS: dict[str, Callable[[list[str]], list[str]]] = {
    "dbtsegment-airflow": _airflow,
    "dbtsegment-sandbox": _plain,
    "redis": _plain,
    "postgres": _postgres,
}
