"""The table of all public methods: which call sends which requests."""

from __future__ import annotations

import ast
import io
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import yaml

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Sent:
    """
    A request that must go out, with its decoded query.

    :param answer: The data that is answered; by default what the document says.
    """

    method: str
    path: str
    query: Mapping[str, str]
    answer: Any


@dataclass(frozen=True)
class Row:
    """
    A call, and what must go out.

    :param text: The call as a person writes it; ``BODY``, ``FILE`` and ``READ`` are put in by
        `arguments`.
    :param body: The JSON body that must go out; `None` where the call says it.
    :param beyond: Why the requests are not, or not wholly, in the vendor's document.
    """

    group: str
    text: str
    sends: tuple[Sent, ...]
    body: Any = None
    beyond: str = ""

    @property
    def name(self) -> str:
        """The method."""
        return self.text.split("(", 1)[0]

    @property
    def has_body(self) -> bool:
        """Whether the call is given a body."""
        return re.search(r"\bBODY\b", self.text) is not None

    def arguments(self, body: Any) -> tuple[list[Any], dict[str, Any]]:
        """Return the positional and the keyword arguments."""
        (statement,) = ast.parse(self.text).body
        assert isinstance(statement, ast.Expr)
        call = statement.value
        assert isinstance(call, ast.Call)

        def value(node: ast.expr) -> Any:
            if isinstance(node, ast.Name):
                known = {"BODY": body, "FILE": io.BytesIO(), "READ": operator.methodcaller("read")}
                return known[node.id]
            return ast.literal_eval(node)

        named = {keyword.arg: value(keyword.value) for keyword in call.keywords if keyword.arg}
        return [value(node) for node in call.args], named


def read_table(service: str) -> list[Row]:
    """Return the rows of a service."""
    groups = yaml.safe_load((FOLDER / f"{service}.yaml").read_text())
    return [_row(group, entry) for group, entries in groups.items() for entry in entries]


def _row(group: str, entry: dict[str, Any]) -> Row:
    sends = entry["sends"] if isinstance(entry["sends"], list) else [entry["sends"]]
    answers = entry.get("answers") or [entry.get("answer")]
    if len(answers) == 1:
        answers *= len(sends)
    requests = []
    for text, answer in zip(sends, answers, strict=True):
        method, url = text.split(" ", 1)
        path, _, query = url.partition("?")
        decoded = dict(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True))
        requests.append(Sent(method, path, decoded, answer))
    return Row(group, entry["call"], tuple(requests), entry.get("body"), entry.get("beyond", ""))
