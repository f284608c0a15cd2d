"""What is measured of the writer."""

from prometheus_client import Counter, Histogram

RECORDS = Counter(
    "tracegraph_records", "Records that were answered, by what became of them; all but REFUSED are durable.", ["status"]
)
COMMIT_SECONDS = Histogram(
    "tracegraph_commit_seconds",
    "How long a group of records took to be committed, the wait for a connection included.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
GROUP_SIZES = Histogram(
    "tracegraph_group_rows",
    "How many records were committed together.",
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000),
)
