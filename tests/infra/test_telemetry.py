"""One trace id goes along, and every line of a log is a JSON object that names it."""

import json
import subprocess
import sys

from infra import telemetry

SAY = """
import logging
from infra import telemetry
from infra.settings import Settings

telemetry.start(Settings(), "worker")
with telemetry.span("outer"):
    telemetry.log("ours").info("said", number=1)
    logging.getLogger("theirs").warning("said %s", "too")
    try:
        secret = "hidden"
        raise ValueError(1)
    except ValueError:
        telemetry.log("ours").exception("failed")
    sent = telemetry.traceparent()
with telemetry.span("inner", sent):
    telemetry.log("ours").info("arrived")
with telemetry.span("other", "no-such-thing"):
    telemetry.log("ours").info("began")
"""


def test_a_trace_goes_through_logs_and_processes() -> None:
    done = subprocess.run([sys.executable, "-c", SAY], capture_output=True, text=True, check=True)  # noqa: S603 - our own
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["said", "said too", "failed", "arrived", "began"]
    assert {line["role"] for line in lines} == {"worker"}
    traces = [line["trace_id"] for line in lines]
    assert len(set(traces[:4])) == 1
    assert traces[4] not in traces[:4]
    assert "hidden" not in done.stderr


def test_outside_a_span_there_is_no_trace() -> None:
    assert telemetry.traceparent() is None
    assert telemetry.trace_id() is None
