"""Start a run or a sync exactly once; knows no service and no Airflow."""
