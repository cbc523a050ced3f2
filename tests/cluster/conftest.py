from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from tests.cluster import dotenv
from tests.cluster.compose import Service, read


@pytest.fixture(scope="session")
def text() -> str:
    """docker-compose.yaml as it is written."""
    return dotenv.COMPOSE.read_text()


@pytest.fixture(scope="session")
def document(text: str) -> dict[str, Any]:
    """The same, with its anchors in their places and its variables as they are written."""
    document: dict[str, Any] = yaml.safe_load(text)
    return document


@pytest.fixture(scope="session")
def services(text: str) -> Mapping[str, Service]:
    """Its services, with made-up secrets."""
    return read(dotenv.COMPOSE, {name: f"made-up-{name}" for name in dotenv.required(text)})
