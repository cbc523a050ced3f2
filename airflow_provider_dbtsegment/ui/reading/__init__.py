"""What Airflow's database says of our tasks: rows and XComs, as small records."""
