"""The forms of our connection types; all versions of Airflow get theirs from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PACKAGE = "airflow_provider_dbtsegment"


@dataclass(frozen=True)
class Field:
    """
    A field of a connection's form that goes into the extra.

    :param section: The heading under which Airflow 3.3 shows it.
    :param kind: ``string``, ``integer``, ``number`` or ``boolean``.
    :param choices: What a drop-down offers: the values, and how each is shown.
    """

    name: str
    label: str
    description: str
    section: str
    kind: str = "string"
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    choices: Mapping[str, str] = field(default_factory=dict)

    @property
    def schema(self) -> dict[str, Any]:
        """The field as JSON schema."""
        limits = {"minimum": self.minimum, "maximum": self.maximum}
        choices = {"enum": list(self.choices), "values_display": dict(self.choices)}
        return {
            "type": [self.kind, "null"],
            "default": self.default,
            "section": self.section,
            **{name: limit for name, limit in limits.items() if limit is not None},
            **(choices if self.choices else {}),
        }


@dataclass(frozen=True)
class Form:
    """
    A connection type and its form.

    :param labels: Of the fields that every connection has.
    :param placeholders: What stands in such a field while it is empty.
    :param hidden: Such fields that mean nothing here. Never the port: the Test button of Airflow
        3.3.2 refuses connections without one.
    """

    connection_type: str
    hook: str
    name: str
    labels: Mapping[str, str]
    placeholders: Mapping[str, str]
    fields: tuple[Field, ...]
    hidden: tuple[str, ...]

    @property
    def behaviour(self) -> dict[str, Any]:
        """The built-in fields, in the form that `get_ui_field_behaviour` returns."""
        return {
            "hidden_fields": list(self.hidden),
            "relabeling": dict(self.labels),
            "placeholders": dict(self.placeholders),
        }

    @property
    def entry(self) -> dict[str, Any]:
        """The connection type in the provider's info."""
        behaviour = {name.replace("_", "-"): value for name, value in self.behaviour.items()}
        return {
            "connection-type": self.connection_type,
            "hook-class-name": self.hook,
            "hook-name": self.name,
            "ui-field-behaviour": behaviour,
            "conn-fields": {
                field.name: {
                    "label": field.label,
                    "description": field.description,
                    "schema": field.schema,
                }
                for field in self.fields
            },
        }


_PORT = "Port (write 443)"
_PORT_PLACEHOLDER = "443 (Airflow 3.3 cannot test a connection without it)"
_NETWORK = "Network and limits"

_REACH = (
    Field(
        "proxy",
        "Proxy",
        "Only if Airflow reaches the internet through one, such as http://proxy.example.com:3128. "
        "It is not kept secret: if it needs a password, leave this empty and set HTTPS_PROXY in "
        "Airflow's environment instead.",
        _NETWORK,
    ),
    Field(
        "connect_timeout",
        "Connect time-out",
        "How many seconds it may take to get through to the service.",
        _NETWORK,
        kind="number",
        default=10,
        minimum=0.1,
    ),
    Field(
        "read_timeout",
        "Read time-out",
        "How many seconds the service may keep silent before an answer, or within one.",
        _NETWORK,
        kind="number",
        default=60,
        minimum=0.1,
    ),
    Field(
        "rate_limit_percent",
        "Share of the rate limit",
        "How many percent of the requests that the service takes in a minute each process of "
        "Airflow may use. With two triggerers on one token: 50.",
        _NETWORK,
        kind="integer",
        default=100,
        minimum=1,
        maximum=100,
    ),
    Field(
        "allow_plain_http",
        "Allow plain http",
        "Only for tests in a network of your own: the token is sent unencrypted to a host that "
        "begins with http://.",
        _NETWORK,
        kind="boolean",
        default=False,
    ),
)

DBT_CLOUD_FORM = Form(
    connection_type="dbt_cloud_admin",
    hook=f"{PACKAGE}.hooks.dbt_cloud.DbtCloudHook",
    name="dbt Cloud (administrative API)",
    labels={
        "host": "Access URL",
        "login": "Account id",
        "password": "API token",
        "port": _PORT,
    },
    placeholders={
        "host": "ab123.us1.dbt.com (dbt Cloud: Account settings, Access URLs)",
        "login": "12345 (dbt Cloud: Account settings, Account ID)",
        "password": "a service token (dbt Cloud: Account settings, API tokens)",
        "port": _PORT_PLACEHOLDER,
    },
    fields=_REACH,
    hidden=("schema", "extra"),
)

SEGMENT_FORM = Form(
    connection_type="segment_public_api",
    hook=f"{PACKAGE}.hooks.segment.SegmentHook",
    name="Segment (Public API)",
    labels={
        "host": "Host (leave empty)",
        "password": "Public API token",
        "port": _PORT,
    },
    placeholders={
        "host": "empty: the region below decides",
        "password": "of the workspace (Segment: Settings, Access Management, Tokens)",
        "port": _PORT_PLACEHOLDER,
    },
    fields=(
        Field(
            "region",
            "Region",
            "Where the workspace lives: EU if its address begins with eu1.app.segment.com.",
            "Region: US or EU",
            default="US",
            choices={"US": "US (api.segmentapis.com)", "EU": "EU (eu1.api.segmentapis.com)"},
        ),
        *_REACH,
    ),
    hidden=("schema", "login", "extra"),
)
