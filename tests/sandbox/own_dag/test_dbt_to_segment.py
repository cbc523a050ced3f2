"""A test of one's own DAG, as the documentation shows it."""

from dbt_to_segment import dag


def test_every_customer_reaches_the_crm(dbtsegment_sandbox):
    run = dag.test()
    assert run.state == "success"
    customers = dbtsegment_sandbox.delivered("customers_to_crm")
    assert len(customers) == 200
    assert all("@" in customer["email"] for customer in customers.values())
