"""Many deferred tasks in a real Airflow with one triggerer, begun and ended by it."""

from tests.bench.real.measure import measure

__all__ = ["measure"]
