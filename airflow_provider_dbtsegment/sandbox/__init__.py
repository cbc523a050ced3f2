"""Both services on this machine: dbt Cloud on real dbt-core, Segment on real DuckDB tables."""
