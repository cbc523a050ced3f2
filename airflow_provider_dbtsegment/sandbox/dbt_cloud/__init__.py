"""dbt Cloud on this machine: runs are real, executed by dbt-core on DuckDB.

Requests go ``guard → routes → service, runs → run_store, catalog``; a run goes
``scheduler → execution → checkout, dbt``, and leaves its traces in ``run_folder``.
"""
