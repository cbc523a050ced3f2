"""Links from a task to dbt Cloud."""

from __future__ import annotations

from airflow_provider_dbtsegment.links.base import XComLink

#: The XComs that hold the addresses, pushed straight after the start; whether there will be
#: documentation may become known at the end only.
RUN_URL = "run_url"
DOCS_URL = "docs_url"


class DbtCloudRunLink(XComLink):
    """The run in dbt Cloud; there while it goes on and after it failed."""

    name = "dbt Cloud run"
    key = RUN_URL


class DbtCloudDocsLink(XComLink):
    """The documentation that the run generates; there when it has done so."""

    name = "dbt documentation"
    key = DOCS_URL
