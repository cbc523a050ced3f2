"""dbt Cloud on this machine: runs are real, executed by dbt-core on DuckDB.

Requests about runs go ``guard → routes → service, runs → run_store, catalog``; all others go
``guard → resources.dispatch → resources.table → record_store``, as ``openapi`` describes them.
A run goes ``scheduler → execution → checkout, dbt``, and leaves its traces in ``run_folder``.
"""
