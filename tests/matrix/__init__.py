"""The package on every version of Airflow that it supports: `make matrix`."""
