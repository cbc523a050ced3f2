"""dbt-core, warm: each invocation is a process of its own that starts without importing dbt."""
