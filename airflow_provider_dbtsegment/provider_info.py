"""What Airflow reads of us: connection types and their forms, links."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.connection_forms import DBT_CLOUD_FORM, PACKAGE, SEGMENT_FORM

__all__ = ["PACKAGE", "get_provider_info"]


def get_provider_info() -> dict[str, Any]:
    """Return the provider's entry for Airflow's registry of providers."""
    return {
        "package-name": "airflow-provider-dbtsegment",
        "name": "dbt Cloud and Segment",
        "description": "Run dbt Cloud jobs and Segment Reverse ETL syncs.",
        "connection-types": [DBT_CLOUD_FORM.entry, SEGMENT_FORM.entry],
        "extra-links": [
            f"{PACKAGE}.links.dbt_cloud.DbtCloudRunLink",
            f"{PACKAGE}.links.dbt_cloud.DbtCloudDocsLink",
            f"{PACKAGE}.links.segment.ReverseETLSyncLink",
            f"{PACKAGE}.links.segment.SegmentLink",
        ],
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
                "description": "How tasks of this provider use workers, and how the runs that they "
                "start are recognized.",
                "options": {
                    "deployment_id": {
                        "description": "Identifies this Airflow deployment, so that it recognizes "
                        "the runs that it has started. By default a random id in the Variable "
                        "dbtsegment_deployment_id, combined with the base URL. Keep it secret.",
                        "version_added": None,
                        "type": "string",
                        "example": "production",
                        "default": None,
                        "sensitive": True,
                    },
                    "previous_deployment_ids": {
                        "description": "Identities that this deployment had before, separated by "
                        "commas: runs of theirs are recognized as well.",
                        "version_added": None,
                        "type": "string",
                        "example": "staging,5b1c@https://airflow.example.com",
                        "default": None,
                        "sensitive": True,
                    },
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
