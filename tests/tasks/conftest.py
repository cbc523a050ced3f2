from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def connected(connections: None) -> None:
    """Every task has its connections."""
