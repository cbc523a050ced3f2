"""What Airflow reads of us: connection types and their forms, links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PACKAGE = "airflow_provider_dbtsegment"


@dataclass(frozen=True)
class Field:
    """
    A field of a connection's form that goes into the extra.

    :param kind: ``string``, ``integer``, ``number`` or ``boolean``.
    :param choices: What a drop-down offers.
    """

    name: str
    label: str
    description: str
    kind: str = "string"
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        """The field as JSON schema."""
        schema: dict[str, Any] = {"type": [self.kind, "null"], "default": self.default}
        if self.minimum is not None:
            schema["minimum"] = self.minimum
        if self.maximum is not None:
            schema["maximum"] = self.maximum
        if self.choices:
            schema["enum"] = list(self.choices)
        return schema


@dataclass(frozen=True)
class Form:
    """A connection type and its form; all versions of Airflow get theirs from here."""

    connection_type: str
    hook: str
    name: str
    labels: dict[str, str]
    placeholders: dict[str, str]
    fields: tuple[Field, ...]
    hidden: tuple[str, ...] = ("schema",)

    @property
    def behaviour(self) -> dict[str, Any]:
        """The built-in fields, in the form that `get_ui_field_behaviour` returns."""
        return {
            "hidden_fields": list(self.hidden),
            "relabeling": self.labels,
            "placeholders": self.placeholders,
        }

    @property
    def entry(self) -> dict[str, Any]:
        """The connection type in the provider's info."""
        behaviour = self.behaviour
        return {
            "connection-type": self.connection_type,
            "hook-class-name": self.hook,
            "hook-name": self.name,
            "ui-field-behaviour": {
                "hidden-fields": behaviour["hidden_fields"],
                "relabeling": behaviour["relabeling"],
                "placeholders": behaviour["placeholders"],
            },
            "conn-fields": {
                field.name: {
                    "label": field.label,
                    "description": field.description,
                    "schema": field.schema,
                }
                for field in self.fields
            },
        }


_REACH = (
    Field(
        "connect_timeout",
        "Connect time-out",
        "Seconds for establishing a connection.",
        kind="number",
        default=10,
        minimum=0.1,
    ),
    Field(
        "read_timeout",
        "Read time-out",
        "Seconds between two pieces of an answer.",
        kind="number",
        default=60,
        minimum=0.1,
    ),
    Field(
        "proxy",
        "Proxy",
        "URL of a proxy, such as http://proxy.example.com:3128. Empty: what the environment says.",
    ),
    Field(
        "allow_plain_http",
        "Allow plain http",
        "Send the token unencrypted to hosts other than this machine.",
        kind="boolean",
        default=False,
    ),
    Field(
        "rate_limit_percent",
        "Share of the rate limit",
        "Percent of the service's requests a minute that each process may use: with two triggerers "
        "on one token, 50.",
        kind="integer",
        default=100,
        minimum=1,
        maximum=100,
    ),
)

DBT_CLOUD_FORM = Form(
    connection_type="dbt_cloud_admin",
    hook=f"{PACKAGE}.hooks.dbt_cloud.DbtCloudHook",
    name="dbt Cloud (administrative API)",
    labels={"host": "Access URL", "login": "Account id", "password": "API token"},
    placeholders={
        "host": "ab123.us1.dbt.com (dbt Cloud: Account settings, Access URLs)",
        "login": "12345 (the number after /accounts/ in the address of dbt Cloud's pages)",
        "password": "a service token",
        "port": "",
    },
    fields=_REACH,
)

SEGMENT_FORM = Form(
    connection_type="segment_public_api",
    hook=f"{PACKAGE}.hooks.segment.SegmentHook",
    name="Segment (Public API)",
    labels={"host": "Host (only if not Segment's own)", "password": "Public API token"},
    placeholders={"host": "", "password": "a token of the workspace", "port": ""},
    fields=(
        Field(
            "region",
            "Region",
            "Where the workspace lives.",
            default="US",
            choices=("US", "EU"),
        ),
        *_REACH,
    ),
    hidden=("schema", "login"),
)


def get_provider_info() -> dict[str, Any]:
    """Return the provider's entry for Airflow's registry of providers."""
    return {
        "package-name": "airflow-provider-dbtsegment",
        "name": "dbt Cloud and Segment",
        "description": "Run dbt Cloud jobs and Segment Reverse ETL syncs.",
        "connection-types": [DBT_CLOUD_FORM.entry, SEGMENT_FORM.entry],
        "extra-links": [f"{PACKAGE}.links.dbt_cloud.DbtCloudRunLink"],
        "hooks": [
            _modules("dbt Cloud", "hooks.dbt_cloud"),
            _modules("Segment", "hooks.segment"),
        ],
        "operators": [
            _modules("dbt Cloud", "operators.dbt_cloud", "operators.dbt_cloud_artifacts"),
            _modules("Segment", "operators.segment"),
        ],
        "sensors": [
            _modules("dbt Cloud", "sensors.dbt_cloud"),
            _modules("Segment", "sensors.segment"),
        ],
        "triggers": [
            _modules("dbt Cloud", "triggers.dbt_cloud"),
            _modules("Segment", "triggers.segment"),
        ],
        "config": {
            "dbtsegment": {
                "description": "How deferred tasks of this provider use workers.",
                "options": {
                    "end_in_triggerer": {
                        "description": "Whether successes may end in the triggerer, and sensors "
                        "begin there, without a worker, where nothing is lost by it.",
                        "version_added": None,
                        "type": "boolean",
                        "example": "False",
                        "default": "True",
                    },
                },
            },
        },
        "integrations": [
            {
                "integration-name": "dbt Cloud",
                "external-doc-url": "https://docs.getdbt.com/dbt-cloud/api-v2",
                "tags": ["service"],
            },
            {
                "integration-name": "Segment",
                "external-doc-url": "https://docs.segmentapis.com",
                "tags": ["service"],
            },
        ],
    }


def _modules(integration: str, *modules: str) -> dict[str, Any]:
    names = [f"{PACKAGE}.{module}" for module in modules]
    return {"integration-name": integration, "python-modules": names}
