"""How far a run or a step is."""

from enum import IntEnum


class Status(IntEnum):
    """dbt Cloud's numbers; only steps can be skipped."""

    QUEUED = 1
    STARTING = 2
    RUNNING = 3
    SUCCESS = 10
    ERROR = 20
    CANCELLED = 30
    SKIPPED = 40

    @property
    def is_terminal(self) -> bool:
        """Whether nothing can follow."""
        return self >= Status.SUCCESS

    @property
    def humanized(self) -> str:
        """The word that people read."""
        return self.name.capitalize()

    @property
    def color(self) -> str:
        """The colour of the status on a page."""
        return _COLORS.get(self, "#6b7280")


_COLORS = {
    Status.RUNNING: "#2563eb",
    Status.STARTING: "#2563eb",
    Status.SUCCESS: "#15803d",
    Status.ERROR: "#b91c1c",
    Status.CANCELLED: "#b45309",
}
