"""The messages that the documentation explains are those that the package has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, codes, rows

PACKAGE = ROOT / "airflow_provider_dbtsegment"
#: They speak for themselves, to those who run them.
OTHERS = ("demo", "sandbox", "ui")
#: Where arguments and connections are looked at.
TASKS = ("hooks", "operators", "sensors", "tasks")
PAGE = "messages.md"
WARNINGS = "## Warnings while it waits"
#: Stands for what differs, in the page and here.
GAP = "…"


def modules() -> list[Path]:
    found = (path for path in PACKAGE.rglob("*.py"))
    return [path for path in found if path.relative_to(PACKAGE).parts[0] not in OTHERS]


def texts(tree: ast.AST) -> Iterator[str]:
    """Yield all texts, with a gap for each value that is put in."""
    inner: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inner.update(node.values)
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inner:
            yield node.value


def warnings(tree: ast.AST) -> Iterator[str]:
    """Yield what is logged as a warning or worse."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("warning", "error", "exception")
            and ast.unparse(node.func.value).split(".")[-1] == "log"
        ):
            yield next(texts(node.args[0]))


@cache
def parsed() -> list[ast.AST]:
    return [_parsed(path.read_text()) for path in modules()]


def _parsed(text: str) -> ast.AST:
    # Python 3.11 miscounts its own depth when another thread compiles at the same moment.
    for _ in range(10):
        with suppress(SystemError):
            return ast.parse(text)
    return ast.parse(text)


@cache
def all_texts() -> list[str]:
    return [text for tree in parsed() for text in texts(tree)]


def is_in(message: str, text: str) -> bool:
    """Return whether all parts of a message are in a text, in this order."""
    at = 0
    for part in message.split(GAP):
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


def told(under: str = "") -> list[str]:
    cells = [row for row in rows(PAGE, under=under) if len(row) == 2]
    return [codes(row[0])[0] for row in cells if row[0].startswith("`")]


@pytest.mark.parametrize(
    "message", [one for one in told() if one != "ti_successes"], ids=lambda text: text[:40]
)
def test_a_message_is_one_of_the_package(message: str) -> None:
    assert any(is_in(message, text) for text in all_texts()), (
        f"Nothing says {message!r} (any more)."
    )


def raised(tree: ast.AST, error: str) -> Iterator[str]:
    """Yield what an error says that is raised."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Raise)
            and isinstance(node.exc, ast.Call)
            and ast.unparse(node.exc.func) == error
        ):
            yield from texts(node.exc.args[0])


def test_everything_that_may_be_wrong_with_an_argument_or_a_connection_is_explained() -> None:
    page = [codes(cells[0])[0] for cells in rows("connections.md") if cells[0].startswith("`")]
    explained = [*told(), *page]
    unexplained = [
        text
        for path, tree in zip(modules(), parsed(), strict=True)
        if path.relative_to(PACKAGE).parts[0] in TASKS
        for text in raised(tree, "ConfigurationError")
        # What consists of values alone says what somebody else has said.
        if len(re.findall(r"[a-z]{2,}", text)) > 1
        and not any(is_in(message, text) for message in explained)
    ]
    assert unexplained == [], f"Add them to docs/{PAGE}."


def test_every_warning_is_explained() -> None:
    explained = told()
    unexplained = [
        text
        for tree in parsed()
        for text in warnings(tree)
        # What consists of values alone says what somebody else has said.
        if re.search(r"[a-z]", text.replace("%s", ""))
        and not any(is_in(message, text) for message in explained)
    ]
    assert unexplained == [], f"Add them to docs/{PAGE}."
