"""Every operation of both documents is answered, as its document says."""

from typing import Any

import pytest

from tests.sandbox.dbt_cloud.bodies import QUERIES
from tests.sandbox.dbt_cloud.dbt_cloud_contract import mistakes_in, operations
from tests.sandbox.dbt_cloud.world import World, path_of

# Operations that the sandbox does not answer, and why. There are none.
LEFT_OUT: dict[tuple[str, str], str] = {}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param(method, path, id=f"{method}-{path}")
        for path, method in sorted((path, method) for method, path in operations())
    ],
)
def test_an_operation_is_answered_as_its_document_says(
    world: World, method: str, path: str
) -> None:
    """The status is that of success, and the answer validates."""
    if (method, path) in LEFT_OUT:
        pytest.skip(LEFT_OUT[method, path])
    options: dict[str, Any] = {"params": QUERIES.get(path)}
    body = world.body(method, path)
    if body is not None:
        options["json"] = body
    answer = world.call(method, path_of(world, method, path), **options)
    success = min(int(code) for code in operations()[method, path]["responses"])
    if method == "DELETE" and body is not None:  # announces JSON, and therefore gets some
        assert answer.status_code == 200, answer.text
        return
    assert answer.status_code == success, answer.text
    content = answer.json() if "json" in answer.headers.get("Content-Type", "") else None
    assert mistakes_in(method, path, answer.status_code, content) == []


def test_all_operations_are_there() -> None:
    """Nothing is left out without a word, and nothing is excused that does not exist."""
    assert len(operations()) == 184
    assert LEFT_OUT.keys() <= operations().keys()
