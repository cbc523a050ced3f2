"""Pages inside Airflow, from 3.1 on: what a DAG run did in dbt Cloud and Segment."""
