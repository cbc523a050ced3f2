"""The figures as a table in the terminal and as a page."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version

from rich.console import Console
from rich.table import Table

from tests.bench.figures import Figure, number

HEADINGS = ("what", "waits", "case", "ours", "theirs", "unit", "ours : theirs", "target", "met")
TITLES = {
    "waits": "Waiting for runs",
    "burst": "A burst of equal starts",
    "imports": "Importing",
    "artifacts": "A manifest of 200 MB",
    "segment": "Waiting for syncs, 250 reads a minute",
    "real": "A real Airflow",
}
INTRODUCTION = """\
# What waiting costs

`make bench` measures this provider beside the community's, one after the other against the same
local https server with 80 ms latency, and writes this page. A wait is a trigger as an operator
would make it; all waits of a row are in one process with one event loop, as in a triggerer.
*Processor* and *memory* are what they add to that process, while all wait and nothing ends; *lag*
is how late the event loop was, looked at a hundred times a second; *end seen late* is the time from
the true end of a run to the trigger's event. Segment has no community provider: there *theirs* is
the same number of reads spent on all syncs in turn. A wait that has heard nothing a minute after
the last end counts as failed.
"""

#: What a part's figures do not say themselves.
REMARKS = {
    "real": """\
What is left of the time to the last green is Airflow's: its triggerer stores the XComs of triggers
one by one, in some 30 ms each, and ours leaves one behind for each run, the summary that the
community's does not have. Ends themselves take it 5 ms. The sensors begin and end within seconds of
each other here, so that their links are stored at the end, too: three XComs for each of them.
"""
}


def print_table(console: Console, figures: Iterable[Figure]) -> None:
    """Print all figures."""
    table = Table(title="What waiting costs")
    for heading in ("part", *HEADINGS):
        table.add_column(heading, overflow="fold")
    for figure in figures:
        style = {True: "green", False: "red", None: ""}[figure.met]
        table.add_row(figure.part, *_cells(figure), style=style)
    console.print(table)


def document(figures: Sequence[Figure], pictures: Sequence[str]) -> str:
    """Return the page."""
    aimed = [figure for figure in figures if figure.met is not None]
    lines = [
        INTRODUCTION,
        _circumstances(),
        "",
        "## What must be seen",
        "",
        *_rows(aimed, with_part=True),
    ]
    parts = list(dict.fromkeys(figure.part for figure in figures))
    for part in parts:
        of_part = [figure for figure in figures if figure.part == part]
        lines += ["", f"## {TITLES.get(part, part)}", ""]
        lines += [f"![{_caption(file)}](images/{file})\n" for file in _of_part(part, pictures)]
        lines += [REMARKS[part]] if part in REMARKS else []
        lines += _rows(of_part, with_part=False)
    return "\n".join(lines) + "\n"


def _of_part(part: str, pictures: Sequence[str]) -> list[str]:
    own = {"waits": ("requests", "processor", "lag", "late"), "burst": ("burst",)}.get(part, ())
    return [file for file in pictures if _caption(file) in own]


def _caption(file: str) -> str:
    return file.removeprefix("bench-").removesuffix(".png")


def _rows(figures: Iterable[Figure], *, with_part: bool) -> list[str]:
    """Return a table of the columns in which there is something."""
    table = [(*((figure.part,) if with_part else ()), *_cells(figure)) for figure in figures]
    headings = (("part",) if with_part else ()) + HEADINGS
    used = [n for n in range(len(headings)) if any(row[n] for row in table)]
    lines = [_line([headings[n] for n in used]), "|" + "---|" * len(used)]
    return lines + [_line([row[n] for n in used]) for row in table]


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _cells(figure: Figure) -> list[str]:
    case = "; ".join(text for text in (figure.case, figure.note) if text)
    return [
        figure.what,
        "" if figure.waits is None else f"{figure.waits:,}",
        case,
        number(figure.ours),
        number(figure.theirs),
        figure.unit,
        "" if figure.ratio is None else f"1 : {number(figure.ratio)}",
        "" if figure.target is None else str(figure.target),
        {True: "yes", False: "**no**", None: ""}[figure.met],
    ]


def _circumstances() -> str:
    names = ("apache-airflow", "apache-airflow-providers-dbt-cloud", "airflow-provider-dbtsegment")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"Run with {versions} on Python {platform.python_version()}, {platform.system()}, "
        f"{os.cpu_count()} cores."
    )
