from __future__ import annotations

import pytest

from tests.launched_service import Service, Store


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture(params=["with a store", "without a store"])
def store(request: pytest.FixtureRequest) -> Store | None:
    return Store() if request.param == "with a store" else None
