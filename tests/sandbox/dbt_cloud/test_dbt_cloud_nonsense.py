"""Nonsense is refused with 400, and never brings the sandbox to a fault."""

from typing import Any

import pytest

from tests.sandbox.dbt_cloud.bodies import BODIES, QUERIES
from tests.sandbox.dbt_cloud.world import World, path_of

WRONG_VALUES: list[Any] = [None, 5, -1, "", "x", [], [5], {}, {"x": 5}, True]


@pytest.mark.parametrize(
    ("method", "path"), [pytest.param(*key, id="-".join(key)) for key in sorted(BODIES)]
)
def test_wrong_values_are_no_fault(world: World, method: str, path: str) -> None:
    """Each field of a right body is replaced by wrong values, one after the other."""
    place = path_of(world, method, path)
    right = world.body(method, path)
    bodies: list[Any] = [None, 5, "x", [5], [{}], {"": 5}]
    if isinstance(right, dict):
        bodies += [{**right, name: value} for name in right for value in WRONG_VALUES]
    codes = set()
    for body in bodies:
        if isinstance(body, dict) and "/permissions/" in path:
            body = {**body, "state": 1}  # the only user is still needed
        answer = world.call(method, place, json=body, params=QUERIES.get(path))
        assert answer.status_code < 500, f"{body}: {answer.text}"
        codes.add(answer.status_code)
    assert codes <= {200, 201, 204, 400, 404}
