"""What is wrong with a body is told, but never what stands in a secret field."""

from typing import Any

import pytest

from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.document import Schemas
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.validation import mistakes
from tests.sandbox.dbt_cloud.bodies import PROJECT
from tests.sandbox.dbt_cloud.world import World

SECRET = "hunter2-very-secret"
SCHEMAS = Schemas(
    Thing={
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "password": {"type": "string"},
            "auth_token": {"type": "string", "maxLength": 5},
            "inner": {"type": "string", "writeOnly": True, "enum": ["a"]},
            "list": {"type": "array", "items": {"type": "string"}},
        },
    }
)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"name": 5}, {"name": ["5 is not of type 'string'."]}),
        ({"password": {SECRET: 1}}, {"password": ["This value is not of type 'string'."]}),
        ({"auth_token": SECRET}, {"auth_token": ["This value is too long."]}),
        ({"inner": SECRET}, {"inner": ["This value is not a valid choice; use one of 'a'."]}),
        ({"list": {"password": SECRET}}, {"list": ["This value is not of type 'array'."]}),
        ([[{"inner": SECRET}]], {"body": ["This value is not of type 'object'."]}),
    ],
)
def test_a_secret_is_not_quoted(body: Any, says: dict[str, list[str]]) -> None:
    assert mistakes(body, {"$ref": "#/components/schemas/Thing"}, SCHEMAS) == says


def test_a_wrong_password_is_not_answered(world: World) -> None:
    wrong = {"type": "postgres", "password": {SECRET: 1}, "threads": "zz"}
    answer = world.call("POST", world.place(f"{PROJECT}credentials/"), json=wrong)
    assert answer.status_code == 400
    assert answer.json()["data"]["password"] == ["This value is not of type 'string'."]
    assert SECRET not in answer.text
