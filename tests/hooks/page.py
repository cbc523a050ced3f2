"""What docs/connections.md says."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "connections.md"
TEXT = PAGE.read_text()


def section(heading: str) -> str:
    """Return the text below a heading."""
    return TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def blocks(heading: str) -> list[str]:
    """Return the lines to copy and paste below a heading."""
    return re.findall(r"^```bash\n(.*?)^```$", section(heading), re.MULTILINE | re.DOTALL)


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, row by row, without its head."""
    rows = re.findall(r"^\| (.*) \|$", section(heading), re.MULTILINE)
    return [row.split(" | ") for row in rows[1:]]


def messages() -> dict[str, re.Pattern[str]]:
    """Return what the Test button may say: as it is written there, and as a pattern."""
    written = [row[0].strip("`") for row in table("The Test button")]
    return {one: re.compile(re.escape(one).replace("…", ".*?"), re.DOTALL) for one in written}


def listed(message: str) -> list[str]:
    """Return the rows of the table that a message of the Test button is."""
    return [written for written, pattern in messages().items() if pattern.fullmatch(message)]
