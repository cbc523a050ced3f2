"""The table as text and as a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.chaos.results import STATE, Kept, Results, code_digest
from tests.chaos.row import Row
from tests.chaos.rows import all_rows, community_rows
from tests.chaos.versions import on_version

INTRODUCTION = """\
# Never twice, never lost

Every row is one task in a real Airflow, with services of its own in which the fault is made. `make
chaos` runs the table and writes this page; what it has run before it does not run again, unless the
row or the package has changed. *Started* is how many runs or syncs the services have started, by
their own account.
"""


@dataclass(frozen=True)
class Column:
    """
    The table on one version of Airflow.

    :param rows: By name, as they are on this version.
    :param left_out: Why others are not tried.
    """

    release: str
    rows: dict[str, Row]
    left_out: dict[str, str]
    results: Results

    @property
    def kept(self) -> list[Kept]:
        """The newest result of each row that has one."""
        found = (self.results.of(row) for row in self.rows.values())
        return [one for one in found if one is not None]


def memory(row: Row) -> str:
    """Return the mode, and whether there is a task state store."""
    return row.mode if row.remembers else f"{row.mode}, no task state store"


def print_table(console: Console, results: Iterable[tuple[Row, Kept]]) -> None:
    """Print the rows that are not as they should be."""
    table = Table(title="Not as it should be")
    for heading in ("fault", "point", "service", "mode", "started", "ended", "task", "verdict"):
        table.add_column(heading, overflow="fold")
    for row, one in results:
        if one.is_fine:
            continue
        table.add_row(
            row.fault,
            row.point,
            row.service,
            memory(row),
            str(one.started),
            ", ".join(one.ends),
            f"{one.state}, try {one.tries}",
            escape(one.verdict),
        )
    if table.row_count:
        console.print(table)


def write_page(path: Path, folder: Path = STATE) -> None:
    """Write the page from the results of all versions that there are."""
    columns = [_column(file) for file in sorted(folder.glob("airflow-*.jsonl"), key=_order)]
    path.write_text(page(columns), encoding="utf-8")


def page(columns: Sequence[Column]) -> str:
    """
    Return the page.

    :param columns: The newest version of Airflow first.
    """
    lines = [INTRODUCTION]
    lines += [f"- {_summary(column)}" for column in columns]
    theirs = {row.name: row for row in community_rows(all_rows())}
    others = {
        row.name: kept
        for column in columns[:1]
        for row in theirs.values()
        if (kept := column.results.of(row))
    }
    headings = ["fault", "point", "service", "mode"]
    headings += [f"Airflow {column.release}" for column in columns]
    headings += ["what the community's operator does"] if others else []
    lines += ["", _line(headings), "|" + "---|" * len(headings)]
    for row in all_rows():
        cells = [row.fault, row.point, row.service, memory(row)]
        cells += [_cell(column, row) for column in columns]
        if others:
            (other,) = community_rows([row]) or [row]
            cells.append(describe(row, others[other.name]) if other.name in others else "")
        lines.append(_line(cells))
    lines += ["", *_reasons(columns)]
    return "\n".join(lines).rstrip() + "\n"


def _column(file: Path) -> Column:
    release = file.stem.removeprefix("airflow-")
    version = tuple(int(part) for part in release.split(".")[:3] if part.isdigit())
    rows, left_out = on_version(all_rows(), version)
    return Column(release, {row.name: row for row in rows}, left_out, Results(file))


def _order(file: Path) -> list[int]:
    return [-int(part) for part in file.stem.split("-")[1].split(".") if part.isdigit()]


def _summary(column: Column) -> str:
    fine = sum(one.is_fine for one in column.kept)
    text = f"Airflow {column.release}: {fine} of {len(column.rows)} rows are as they should be"
    if column.left_out:
        text += f", {len(column.left_out)} are left out"
    earlier = sum(one.code != code_digest() for one in column.kept)
    if earlier:
        text += f"; {earlier} were run before the newest change of the package"
    return f"{text}."


def _cell(column: Column, row: Row) -> str:
    """Return what has come of a row on a version, where a row with a store may be one without."""
    name = row.name
    if name not in column.rows and name not in column.left_out:
        name = replace(row, remembers=True).name
    if name in column.left_out:
        return "left out"
    kept = column.results.of(column.rows[name])
    if kept is None:
        return "not run"
    told = f"{kept.started} started, {kept.state}"
    return told if kept.is_fine else f"**wrong**: {told}: {kept.verdict}"


def _reasons(columns: Sequence[Column]) -> list[str]:
    lines = []
    for column in columns:
        for why in sorted(set(column.left_out.values())):
            lines.append(f"- Left out on Airflow {column.release}: {why}.")
    return lines


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def describe(row: Row, result: Kept) -> str:
    """Say in words what the community's operator does in a row."""
    words = []
    if result.is_fine:
        return "the same"
    if not result.ends:
        return result.verdict
    more = result.started - row.started
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
