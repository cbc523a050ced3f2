"""Check a row against a destination's rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..config import Rules


def violations(row: Mapping[str, Any], rules: Rules) -> list[str]:
    """Return a sentence for each rule that the row breaks; ``required`` also excludes ''."""
    broken = [f"{name} is required" for name in rules.required if row.get(name) in (None, "")]
    for name, pattern in rules.matches.items():
        value = row.get(name)
        if value not in (None, "") and not pattern.search(str(value)):
            broken.append(f"{name} {value!r} does not match {pattern.pattern}")
    for name, longest in rules.max_length.items():
        value = row.get(name)
        if value is not None and len(str(value)) > longest:
            broken.append(f"{name} is longer than {longest} characters")
    return broken
