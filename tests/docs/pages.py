"""The pages of the documentation, and the pieces of Markdown that are tested."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))

_FENCE = re.compile(r"^( *)```(\w+)(?: title=\"(.+?)\")?\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """
    A block of code.

    :param title: The file that it is taken from, if it is from one.
    """

    page: str
    number: int
    language: str
    title: str | None
    code: str

    def __str__(self) -> str:
        return f"{self.page}-{self.number}"


def blocks(*languages: str) -> list[Block]:
    """Return all blocks of some languages."""
    return [block for page in PAGES for block in _blocks(page) if block.language in languages]


def _blocks(page: Path) -> Iterator[Block]:
    found = _FENCE.finditer(page.read_text(encoding="utf-8"))
    for number, (_, language, title, code) in enumerate((one.groups() for one in found), start=1):
        yield Block(page.name, number, language, title, dedent(code))


def rows(page: str, *, under: str = "") -> list[list[str]]:
    """
    Return the cells of all rows of the tables of a page, without their heads.

    :param under: Only those between the heading that begins so and the next one.
    """
    text = (DOCS / page).read_text(encoding="utf-8")
    if under:
        _, _, text = text.partition(f"\n{under}")
        text = re.split(r"^#+ ", text, maxsplit=1, flags=re.MULTILINE)[0]
    tables = re.findall(r"^\|.*\n\|[-|]+\|\n((?:\|.*\n?)+)", text, flags=re.MULTILINE)
    return [_cells(line) for table in tables for line in table.splitlines()]


def codes(cell: str) -> list[str]:
    """Return what stands as code in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
