"""What the worker counts, for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

DECIDED = Counter("annal_commands_decided_total", "Commands answered by the journal", ["journal"])
APPENDED = Counter("annal_records_appended_total", "Records appended to the journal", ["journal"])
CONFLICTS = Counter("annal_append_conflicts_total", "Appends that came to stand where another's did", ["journal"])
FOLDS = Counter("annal_journal_folds_total", "Times a journal was read to its end before deciding", ["journal"])
VOID = Counter("annal_void_records_total", "Records that do not count, skipped while folding", ["journal"])
QUEUED = Gauge("annal_commands_queued", "Commands waiting to be decided", ["journal"])
APPEND_SECONDS = Histogram(
    "annal_append_seconds",
    "From handing an append to the producer to its acknowledgement",
    ["journal"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 10, 30),
)
POLICY_ASKED = Counter("annal_policy_commands_asked_total", "Commands asked because of a fact", ["type"])
POLICY_LAG = Gauge("annal_policing_lag_facts", "Records not seen to yet", ["policing", "journal"])
POLICY_FAILURES = Counter("annal_policing_failures_total", "Times that had to be tried again", ["policing"])
POLICY_UNREADABLE = Counter(
    "annal_policing_unreadable_total", "Records that count, cannot be read and were passed over", ["policing"]
)
