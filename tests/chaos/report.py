"""The table as text and as a document."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from tests.chaos.play import FINE, Result
from tests.chaos.row import Row


def memory(row: Row) -> str:
    """Return the mode, and whether there is a task state store."""
    return row.mode if row.remembers else f"{row.mode}, no task state store"


def print_table(console: Console, results: Iterable[Result]) -> None:
    """Print what has come of each row."""
    table = Table(title="Never twice, never lost")
    for heading in ("fault", "point", "service", "mode", "started", "ended", "task", "verdict"):
        table.add_column(heading, overflow="fold")
    for result in results:
        row = result.row
        style = "" if result.verdict == FINE else "red"
        table.add_row(
            row.fault,
            row.point,
            row.service,
            memory(row),
            str(len(result.started)),
            ", ".join(result.ends),
            f"{result.state}, try {result.tries}",
            result.verdict,
            style=style,
        )
    console.print(table)


def document(ours: Sequence[Result], theirs: Mapping[str, Result], versions: str) -> str:
    """Return the table side by side with the community's operator, as Markdown."""
    lines = [
        "# Never twice, never lost",
        "",
        "Every row is one task in a real Airflow, with services of its own in which the fault is",
        "made; `make chaos COMPARE=1` runs the table and writes this page. *started* is how many",
        "runs or syncs the services have really started, by their own account.",
        "",
        f"{versions} {_count(ours, theirs.values())}",
        "",
        "| fault | point | service | mode | started | task | verdict | community: started | task | "
        "what it does |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for result in ours:
        row = result.row
        other = theirs.get(row.name)
        cells = [
            row.fault,
            row.point,
            row.service,
            memory(row),
            str(len(result.started)),
            result.state,
            result.verdict,
            *(
                [str(len(other.started)), other.state, describe(other)]
                if other
                else ["", "", "does not apply"]
            ),
        ]
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _count(ours: Sequence[Result], theirs: Collection[Result]) -> str:
    fine = sum(result.verdict == FINE for result in ours)
    text = f"Of {len(ours)} rows, {fine} are as they should be."
    if theirs:
        same = sum(result.verdict == FINE for result in theirs)
        many = sum(len(result.started) > result.row.started for result in theirs)
        lost = sum(result.state == "failed" and result.row.state == "success" for result in theirs)
        text += (
            f" {len(theirs)} of them can be asked of the community's operator, of which {same} are "
            f"the same there; {many} start more runs than they should, and {lost} fail though "
            "their first run is well."
        )
    return text


def describe(result: Result) -> str:
    """Say in words what the community's operator does in a row."""
    row, words = result.row, []
    if result.verdict == FINE:
        return "the same"
    if not result.ends and result.wrong:
        return result.verdict
    more = len(result.started) - row.started
    if row.says and more == 0 and result.state == row.state:
        return "does not say what may be running"
    if more > 0:
        words.append(f"starts {more} too many")
    if result.state == "failed" and row.state == "success":
        done = "success" in result.ends
        words.append("fails, though its run succeeds" if done else "fails")
    if result.state == "success" and row.state == "failed":
        words.append("succeeds, though it should fail")
    if "going on" in result.ends:
        words.append("leaves its run going on")
    if "cancelled" in row.ends and "cancelled" not in result.ends and more <= 0 and row.started > 1:
        words.append("starts another beside its run")
    return ", ".join(words) or result.verdict
