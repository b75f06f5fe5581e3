"""What a process says about itself: JSON logs, and one trace id from HTTP through Kafka to the read model."""

import logging
import sys
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from random import getrandbits
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, TraceFlags
from structlog.tracebacks import ExceptionDictTransformer

from infra.settings import Settings

TRACEPARENT = "traceparent"
"""The header in which the W3C trace context travels, over HTTP and on Kafka records."""

_tracer = trace.get_tracer("annal")
_TRACEPARENT_PARTS = 4


def start(settings: Settings, role: str) -> None:
    """Begin to log and trace as `role`; once, before anything else runs."""
    _log_json(settings.log_level, role)
    if settings.otel_exporter != "none":
        trace.set_tracer_provider(_provider(role))


def log(name: str) -> structlog.stdlib.BoundLogger:
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return bound


def span(name: str, parent: str | None = None) -> AbstractContextManager[Span]:
    """A span that is current inside `with`; under the `traceparent` text given, else under the current span."""
    context = _context(parent) if parent else None
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return _tracer.start_as_current_span(name, context=context)
    return _Unseen(context)


class _Unseen:
    """What a span is when nobody looks at spans: its ids, at a third of the cost."""

    def __init__(self, parent: Context | None) -> None:
        self._parent = parent

    def __enter__(self) -> Span:
        above = trace.get_current_span(self._parent).get_span_context()
        trace_id = above.trace_id if above.is_valid else getrandbits(128)
        span = NonRecordingSpan(SpanContext(trace_id, getrandbits(64), is_remote=False, trace_flags=above.trace_flags))
        self._token = attach(trace.set_span_in_context(span, self._parent))
        return span

    def __exit__(self, *_: object) -> None:
        detach(self._token)


def traceparent() -> str | None:
    """The current span in the form of the W3C header."""
    here = trace.get_current_span().get_span_context()
    if not here.is_valid:
        return None
    return f"00-{here.trace_id:032x}-{here.span_id:016x}-{here.trace_flags:02x}"


def trace_id() -> str | None:
    here = trace.get_current_span().get_span_context()
    return f"{here.trace_id:032x}" if here.is_valid else None


def _context(parent: str) -> Context | None:
    """The context a `traceparent` names; none for text that is no such thing, for it comes from outside."""
    parts = parent.split("-")
    if len(parts) < _TRACEPARENT_PARTS:
        return None
    try:
        flags = TraceFlags(int(parts[3], 16))
        there = SpanContext(int(parts[1], 16), int(parts[2], 16), is_remote=True, trace_flags=flags)
    except ValueError:
        return None
    return trace.set_span_in_context(NonRecordingSpan(there))


def _provider(role: str) -> TracerProvider:
    provider = TracerProvider(ParentBased(ALWAYS_ON), Resource.create({"service.name": f"annal-{role}"}))
    provider.add_span_processor(_otlp())
    return provider


def _otlp() -> SpanProcessor:
    """The exporter reads where to send from the standard OTEL_EXPORTER_OTLP_* variables."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    return BatchSpanProcessor(OTLPSpanExporter())


def _log_json(level: str, role: str) -> None:
    """Our lines and those of every library become JSON on standard error, one object a line."""

    def of_role(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["role"] = role
        if (current := trace_id()) is not None:
            event["trace_id"] = current
        return event

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        of_role,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # Local variables may hold what no log should.
                structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
