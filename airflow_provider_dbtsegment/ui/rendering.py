"""From templates to HTML, in which every text is escaped."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from airflow_provider_dbtsegment.ui import words
from airflow_provider_dbtsegment.ui.reading.history import TREND, USUAL

HERE = Path(__file__).parent
#: What is served beside the pages, and as what.
STATIC = {
    "pages.css": "text/css; charset=utf-8",
    "pages.js": "text/javascript; charset=utf-8",
    "timeline.js": "text/javascript; charset=utf-8",
}
#: Seconds after which a page about a run that goes on is looked up again.
REFRESH = 10
#: So many causes or items of a list are shown at once; the rest is there to be opened.
SHOWN = 20
_ESCAPED: dict[str, str | int | None] = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


def render(template: str, **values: Any) -> str:
    """Return a page."""
    return _environment().get_template(template).render(versions=versions(), **values)


def island(value: Any) -> Markup:
    """Return JSON that can stand inside a script element: nothing in it ends that."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return Markup(text.translate(str.maketrans(_ESCAPED)))  # noqa: S704 (it cannot hold markup)


@cache
def static_file(name: str) -> bytes:
    """Return one of our files; only the listed ones exist."""
    if name not in STATIC:
        raise KeyError(name)
    return (HERE / "static" / name).read_bytes()


@cache
def versions() -> dict[str, str]:
    """Return what each of our files is known by; it changes with the file."""
    return {name: sha256(static_file(name)).hexdigest()[:12] for name in STATIC}


def iso(moment: datetime) -> str:
    """Return a point in time for machines."""
    return moment.isoformat(timespec="milliseconds")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    filters: dict[str, Any] = {
        "age": words.age,
        "clock": words.clock,
        "duration": words.duration,
        "grouped": words.grouped,
        "iso": iso,
        "rough": words.rough,
        "island": island,
        "share": words.share,
    }
    environment.filters.update(filters)
    environment.globals |= {
        "many": words.many,
        "REFRESH": REFRESH,
        "SHOWN": SHOWN,
        "TREND": TREND,
        "USUAL": USUAL,
    }
    return environment
