"""Faults on purpose, and a ledger of what was started all the same.

``with running_sandbox(tmp_path, faults=True) as sandbox:`` gives ``sandbox.faults``.
"""

from airflow_provider_dbtsegment.sandbox.faults.fault import Action, Fault, FaultError
from airflow_provider_dbtsegment.sandbox.faults.faults import Faults
from airflow_provider_dbtsegment.sandbox.faults.ledger import Started
from airflow_provider_dbtsegment.sandbox.faults.requests import Ending, Seen
from airflow_provider_dbtsegment.sandbox.faults.rules import Rule

__all__ = ["Action", "Ending", "Fault", "FaultError", "Faults", "Rule", "Seen", "Started"]
