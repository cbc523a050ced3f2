"""Read a page as a person or a screen reader does: its tables, its bars, its words."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

VOID = {"meta", "link", "input", "br"}


class Element:
    """An element of a page."""

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[Element | str] = []

    @property
    def text(self) -> str:
        """All words in it, with single spaces."""
        return " ".join(self._text().split())

    def _text(self) -> str:
        return "".join(one if isinstance(one, str) else one._text() for one in self.children)

    def all(self, tag: str = "", **wanted: str) -> list[Element]:
        """Return the elements in it with this tag and these attributes; `_` stands for a dash."""
        found = []
        for child in self.children:
            if isinstance(child, str):
                continue
            fits = all(
                wish in child.attributes.get(name.rstrip("_").replace("_", "-"), "").split()
                or child.attributes.get(name.rstrip("_").replace("_", "-")) == wish
                for name, wish in wanted.items()
            )
            if (not tag or child.tag == tag) and fits:
                found.append(child)
            found += child.all(tag, **wanted)
        return found

    def one(self, tag: str = "", **wanted: str) -> Element:
        """Return the only such element."""
        found = self.all(tag, **wanted)
        assert len(found) == 1, f"{len(found)} of {tag} {wanted}"
        return found[0]

    def table(self) -> list[dict[str, str]]:
        """Return the rows of the table in it, by its headings."""
        heads = [head.text for head in self.one("thead").all("th")]
        rows = [
            [cell for cell in row.children if isinstance(cell, Element)]
            for row in self.one("tbody").all("tr")
        ]
        return [{head: cell.text for head, cell in zip(heads, row, strict=False)} for row in rows]


class Page(HTMLParser):
    """A page; wrong nesting is an error."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.root = Element("", {})
        self._open = [self.root]
        self.feed(html)
        assert self._open == [self.root], [one.tag for one in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def section(self, title: str) -> Element:
        """Return the card with this heading."""
        found = [
            card
            for card in self.root.all("section")
            if any(head.text.startswith(title) for head in card.all("h2"))
        ]
        assert len(found) == 1, f"{len(found)} sections {title}"
        return found[0]

    @property
    def titles(self) -> list[str]:
        """The headings of all cards."""
        return [head.text for head in self.root.all("h2")]

    @property
    def data(self) -> Any:
        """What the page has for the script."""
        return json.loads(self.root.one("script", id="nodes").text)


def bars(path: str) -> int:
    """Return how many bars the data of a path draws."""
    return len(re.findall("M", path))


def run_path(dag_id: str, run_id: str) -> str:
    """Return where the page of a run is."""
    return f"/dbtsegment/run/{quote(dag_id, safe='')}/{quote(run_id, safe='')}"


def task_path(dag_id: str, run_id: str, task_id: str, map_index: str = "{MAP_INDEX}") -> str:
    """Return where the page of a task is, as Airflow asks for it."""
    ids = [quote(one, safe="") for one in (dag_id, task_id, map_index, run_id)]
    return "/dbtsegment/task/" + "/".join(ids)
