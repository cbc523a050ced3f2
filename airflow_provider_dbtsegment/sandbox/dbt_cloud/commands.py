"""dbt commands as jobs write them: read as words, never by a shell."""

import shlex

COMMANDS = {
    "build", "clean", "clone", "compile", "debug", "deps", "docs", "list", "ls", "parse", "retry",
    "run", "run-operation", "seed", "show", "snapshot", "source", "test",
}  # fmt: skip
RETRYABLE = COMMANDS - {"clean", "debug", "deps", "list", "ls", "parse", "show", "source"}
WITHOUT_WAREHOUSE = {"clean", "deps", "list", "ls", "parse"}


class CommandError(ValueError):
    """The text is no dbt command that a job can run."""


def words(command: str) -> list[str]:
    """Split ``dbt build --select x`` into its words after ``dbt``.

    :raises CommandError: for anything but a dbt command of a job.
    """
    try:
        first, *rest = shlex.split(command) or [""]
    except ValueError as error:
        raise CommandError(f"{command!r} cannot be read: {error}.") from error
    if first != "dbt" or not COMMANDS.intersection(rest):
        raise CommandError(f"{command!r} is not a dbt command: write `dbt build`, for example.")
    return rest


def variables(command: str) -> str:
    """Return what the command gives ``--vars``, as it is written."""
    options = iter(words(command))
    for option in options:
        if option == "--vars":
            return next(options, "")
        if option.startswith("--vars="):
            return option.removeprefix("--vars=")
    return ""


def verb(command: str) -> str:
    """Return the command's verb: ``build`` of ``dbt --quiet build``."""
    return next(word for word in words(command) if word in COMMANDS)
