"""What is measured of the connections to PostgreSQL."""

from prometheus_client import Histogram

POOL_WAIT = Histogram(
    "tracegraph_pool_wait_seconds",
    "How long work waited for a connection to PostgreSQL.",
    buckets=(0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5),
)
