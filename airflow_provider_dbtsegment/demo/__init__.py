"""A real Airflow and both services on this machine: for the demo, for tests, for trying things."""
